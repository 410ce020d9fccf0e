"""What an image is, and where its voxels are in the world."""
