"""A style model with ONNX Runtime alone: python onnx_only.py MODEL.onnx PHOTO STYLE OUT."""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image

model, photo, style, out = sys.argv[1:]
session = onnxruntime.InferenceSession(model)
card = json.loads(session.get_modelmeta().custom_metadata_map["allaprima.card"])
mixture = np.array([entry["name"] == style for entry in card["styles"]], np.float32)
image = np.asarray(Image.open(photo).convert("RGB"))
Image.fromarray(session.run(None, {"image": image[None], "style": mixture})[0][0]).save(out)
