# make demo   the main job on real input: templates, avatar, video, page in out/
# make test   all tests
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_ARGS ?=
OUT ?= out
PHOTO ?=
CONSENT ?=

.PHONY: demo test test-pytorch3d setup lint types format bench bench-rasterizers wardrobe fields wheel clean node-tools

demo: setup
	$(BIN)/python -m dressform.demo --out $(OUT) $(if $(PHOTO),--photo "$(PHOTO)") $(if $(CONSENT),--consent "$(CONSENT)")

test: $(VENV)/.ready-test
	$(BIN)/python -m pytest

setup: $(VENV)/.ready

# The stamp is written last, so an interrupted set-up starts again.
$(VENV)/.ready: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install $(PIP_ARGS) --constraint constraints.txt torch
	$(BIN)/python -m pip install $(PIP_ARGS) --constraint constraints.txt --editable ".[dev,usd,sim]"
	$(BIN)/dressform models fetch
	touch $@

# The tests of SMPL-X bodies need a package licensed for non-commercial research only; nothing else gets it.
$(VENV)/.ready-test: $(VENV)/.ready
	$(BIN)/python -m pip install $(PIP_ARGS) --constraint constraints.txt --editable ".[dev,usd,sim,smplx]"
	touch $@

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# mypy wants the folders under their import name; the links give it that without an installed copy.
types: setup
	rm -rf build/types && mkdir -p build/types/dressform
	for entry in dressform/*; do ln -s ../../../$$entry build/types/dressform/; done
	for folder in schemas assets runtime authoring validators benchmarks; do ln -s ../../../$$folder build/types/dressform/$$folder; done
	cd build/types && ../../$(BIN)/python -m mypy --config-file ../../pyproject.toml --cache-dir ../../.mypy_cache -p dressform

# Outside tools for the tests of exported files (tests/authoring/test_other_tools.py); they are skipped without.
node-tools:
	mkdir -p build/node && cp tests/node/package.json tests/node/package-lock.json build/node/
	cd build/node && npm ci --no-audit --no-fund

# PyTorch3D needs a torch of its own, so it gets an environment of its own (some 5 GB): the second rasteriser. To be run
# after a change of what stands between them; what it writes is committed, and compared with in every run of the tests.
P3D := .venv-pytorch3d
test-pytorch3d: $(P3D)/.ready
	$(P3D)/bin/python -m pytest tests/runtime/render/backends tests/runtime/render/test_raster.py
	$(P3D)/bin/python -m dressform.benchmarks.raster_parity tests/parity

$(P3D)/.ready: pyproject.toml constraints.txt
	test -x $(P3D)/bin/python || $(PYTHON) -m venv $(P3D)
	sed 's/^torch==.*/torch==2.11.0/' constraints.txt > $(P3D)/constraints.txt
	$(P3D)/bin/python -m pip install $(PIP_ARGS) --constraint $(P3D)/constraints.txt torch easypytorch3d==0.7.9.post1
	$(P3D)/bin/python -m pip install $(PIP_ARGS) --constraint $(P3D)/constraints.txt --editable . pytest
	touch $@

# The rasteriser beside PyTorch3D's and Open3D's, each in its own environment; Open3D's wheel needs libusb-1.0-0.
O3D := .venv-open3d
bench-rasterizers: setup $(P3D)/.ready $(O3D)/.ready
	$(BIN)/python -m dressform.benchmarks.other_rasterizers warp build/rasterizers.npz
	$(P3D)/bin/python benchmarks/other_rasterizers.py pytorch3d build/rasterizers.npz
	$(O3D)/bin/python benchmarks/other_rasterizers.py open3d build/rasterizers.npz

$(O3D)/.ready:
	test -x $(O3D)/bin/python || $(PYTHON) -m venv $(O3D)
	$(O3D)/bin/python -m pip install $(PIP_ARGS) open3d-cpu==0.20.0
	touch $@

# Rebuilds the garments that ship, from their recipes; about 25 minutes on two cores.
wardrobe: setup
	$(BIN)/python -m dressform.authoring.wardrobe
	$(BIN)/python -m dressform.benchmarks.wardrobe_pictures assets/starter docs/images/wardrobe --page docs/wardrobe.md

# Learns how the garments that ship fold, from cloth simulated into build/cloth; some 15 minutes a garment on two cores.
fields: setup
	$(BIN)/python -m dressform.authoring.wardrobe --learn build/cloth

bench: setup
	$(BIN)/dressform bench all

wheel: setup
	rm -rf dist && $(BIN)/python -m build --wheel --outdir dist .

clean:
	rm -rf build dist out *.egg-info .pytest_cache .mypy_cache .ruff_cache
