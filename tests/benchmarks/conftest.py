"""The training's small pictures and random VGG16, and the evaluation's styles."""

from evaluation.conftest import styles  # noqa: F401 - fixture
from training.conftest import paintings, photos, vgg16_file, vgg16_weights  # noqa: F401 - fixtures
