"""The training's small pictures and random VGG16."""

from training.conftest import paintings, photos, vgg16_file, vgg16_weights  # noqa: F401 - fixtures
