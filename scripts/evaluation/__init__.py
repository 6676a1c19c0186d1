"""Average precision as COCO defines it, over labelled folders in COCO or YOLO format."""
