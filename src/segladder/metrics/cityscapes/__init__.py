"""What the Cityscapes benchmark scores besides IoU (Cordts et al., CVPR 2016): the values of cityscapesScripts."""
