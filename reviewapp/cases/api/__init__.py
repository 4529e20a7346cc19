"""The doors of machines to cases, one module for each kind of business."""
