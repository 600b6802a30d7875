"""One evaluator for every model: COCO AP (`coco`), levels and outlines (`levels`), tables (`report`)."""
