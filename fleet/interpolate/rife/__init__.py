"""RIFE: IFNet as its authors published it, for weights in their format."""
