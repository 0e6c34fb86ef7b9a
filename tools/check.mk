# Runs the steps of `make check`, some of them side by side: many mostly sleep. The Makefile itself does one thing after the other.

.PHONY: $(STEPS)

$(STEPS):
	@start=$$(date +%s); status=0; \
	$(MAKE) --no-print-directory -f Makefile $@ || status=$$?; \
	echo "$$(($$(date +%s) - start)) s	$@" >>dist/seconds; \
	exit $$status
