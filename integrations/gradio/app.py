"""A page of Gradio around the package: ``pip install gradio``, then ``python app.py``."""

import gradio as gr

from allaprima import Stylizer

stylizer = Stylizer()

gr.Interface(
    fn=lambda image, style, strength: stylizer.stylize(image, style, strength=strength),
    inputs=[
        gr.Image(type="pil", label="Photograph"),
        gr.Dropdown([style.name for style in stylizer.card.styles[1:]], label="Style"),
        gr.Slider(0, 1, 1, label="Strength"),
    ],
    outputs=gr.Image(label="Painting", format="png"),
    title="Alla Prima",
).launch()
