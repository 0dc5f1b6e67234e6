"""A style model with ONNX Runtime alone, without this package.

python onnx_only.py MODEL.onnx PHOTO STYLE OUT
"""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image

if len(sys.argv) != 5:
    sys.exit("usage: python onnx_only.py MODEL.onnx PHOTO STYLE OUT")
model, photo, style, out = sys.argv[1:]
session = onnxruntime.InferenceSession(model)
card = json.loads(session.get_modelmeta().custom_metadata_map["allaprima.card"])
names = [entry["name"] for entry in card["styles"]]
if style not in names:
    sys.exit(f"there is no style {style}; choose one of: {', '.join(names)}")
mixture = np.array([name == style for name in names], np.float32)
image = np.asarray(Image.open(photo).convert("RGB"))
Image.fromarray(session.run(None, {"image": image[None], "style": mixture})[0][0]).save(out)
