"""Mask R-CNN (He et al., ICCV 2017) on the same films as YOLO: recipe, network, films, training, checkpoints."""
