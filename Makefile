# Aliases for those whose fingers type make; ./run is the program.
COMMANDS = demo test bench lint docs screenshots features promises campaign test-bare vendor lock translations

.PHONY: help $(COMMANDS)
help:
	@./run
$(COMMANDS):
	@./run $@ $(ARGS)
