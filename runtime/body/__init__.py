"""Body families behind one protocol: Anny and SMPL-X, canonical joints, measures, skinning."""
