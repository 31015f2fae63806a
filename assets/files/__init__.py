"""Codecs of a template's files: GLB meshes and safetensors rigs."""
