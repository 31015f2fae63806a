"""The steps of a draft: import, clean, unwrap, place, rig, preview, export."""
