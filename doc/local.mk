# The manual page takes commands, options and keys from the program's own tables.
man_MANS = doc/fieldpost.1
EXTRA_DIST += doc/architecture.md doc/deviations.md doc/deviations.txt doc/formats.md doc/fieldpost.1.in
CLEANFILES += doc/fieldpost.1 doc/completion/fieldpost

bashcompletiondir = $(datadir)/bash-completion/completions
bashcompletion_DATA = doc/completion/fieldpost
doc/completion/fieldpost: fieldpost$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) doc/completion && ./fieldpost completion bash >$@.new && mv $@.new $@

doc/fieldpost.1: $(srcdir)/doc/fieldpost.1.in fieldpost$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) doc && for s in options commands keys; do ./fieldpost help --mdoc $$s >$@.$$s || exit 1; done && \
	sed -e '/@OPTIONS@/{r $@.options' -e 'd;}' -e '/@COMMANDS@/{r $@.commands' -e 'd;}' -e '/@KEYS@/{r $@.keys' -e 'd;}' \
		$(srcdir)/doc/fieldpost.1.in >$@.new && rm -f $@.options $@.commands $@.keys && mv $@.new $@
