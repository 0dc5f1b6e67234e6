"""The training wing: the paper in PyTorch. It needs the extra ``train``; painting never imports it."""
