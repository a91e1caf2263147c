DATA_FILES = \
	data/config.yaml \
	data/workflows/process_projectfile.yaml \
	data/workflows/delta_apply.yaml
