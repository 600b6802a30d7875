PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
SHARED := ../shared/data
# A few films of each source, where they are at hand; their names hold spaces, so the tool expands them.
FILMS ?= $(if $(wildcard $(SHARED)),'$(SHARED)/aasce2019/boostnet_labeldata/data/test/*-311 [A-E] *' \
	'$(SHARED)/lateral/images/1[3789].png' '$(SHARED)/cervical/images/00*.png')

.PHONY: demo test lint clean

demo: $(VENV)/.ready ## films in, numbered overlays and a table out
ifeq ($(strip $(FILMS)),)
	@echo "No films: give some, as in  make demo FILMS='my_films/*.png'" && exit 1
else
	$(BIN)/python tools/predict.py $(FILMS) --out runs/demo
endif

test: $(VENV)/.ready lint ## the checks CI runs
	$(BIN)/python -m pytest

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# ultralytics wants opencv-python and roboflow opencv-python-headless; both write cv2/ and the last one wins.
# The full one goes last: a live window needs it.
$(VENV)/.ready: requirements.txt requirements-dev.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --force-reinstall $$(grep '^opencv-python==' requirements.txt)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

clean:
	rm -rf $(VENV) runs/demo
