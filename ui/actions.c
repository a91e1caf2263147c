#include "ui/actions.h"

#include <string.h>

#include "ui/app.h"
#include "ui/keys.h"
#include "ui/views.h"

#define LIST FP_IN_LIST
#define TEXT FP_IN_TEXT
#define MARKED (FP_IN_CHANGES)
#define SCOPED (FP_IN_PROJECT | FP_IN_CHANGES | FP_IN_JOBS | FP_IN_LAYERS | FP_IN_FILES | FP_IN_PROJECTS | FP_IN_JOB | FP_IN_LAYER | FP_IN_CHANGE | \
	FP_IN_SECRETS | FP_IN_CONFLICT | FP_IN_VERSIONS | FP_IN_PACKAGES | FP_IN_PACKAGE)
#define STAGES (FP_IN_CHANGES | FP_IN_CHANGE)
#define ALL FP_ANYWHERE

const struct fp_act fp_acts[] = {
	/* name, keys, args, help, last, where, writes, run */
	{ "open", "<Enter>", NULL, "Open what the cursor is on; on a cell of the Action column, its menu", "open", LIST | TEXT, 0, fp_act_open },
	{ "menu", "a", NULL, "Menu of what can be done here", "actions", SCOPED, 0, fp_act_menu },
	{ "save", "w", NULL, "Save all staged actions, after showing what they will do", "save all", STAGES | FP_IN_PLAN, 1, fp_act_save },
	{ "save-decision", "w", "[REASON]", "Carry the decision out, after trying it on the data", "save", FP_IN_CONFLICT, 1, fp_act_save_decision },
	{ "take-device", "d", NULL, "Take what the device wants in this field", "device", FP_IN_CONFLICT, 0, fp_act_take_device },
	{ "take-current", "c", NULL, "Keep what is there now", "current", FP_IN_CONFLICT, 0, fp_act_take_current },
	{ "take-base", "b", NULL, "Go back to what was there when the device took it along", "base", FP_IN_CONFLICT, 0, fp_act_take_base },
	{ "edit-value", "E", "[VALUE]", "Type a value of your own", "edit", FP_IN_CONFLICT, 0, fp_act_edit_value },
	{ "history", "H", "[UUID]", "The life of the feature: what devices wanted, what became of it, who decided", "life", STAGES | FP_IN_PLAN, 0, fp_act_history },
	{ "conflict", "c", "[UUID]", "Decide the conflict of the change, field by field", "decide", STAGES | FP_IN_PLAN, 0, fp_act_conflict },
	{ "undo-job", "U", NULL, "Undo all that the job applied: stages it and shows the plan", "undo", FP_IN_APPLIED, 1, fp_act_undo_job },
	{ "undo-since", "", "TIME", "Undo all that was applied in the open project since then: stages it and shows the plan", NULL, ALL, 1, fp_act_undo_since },
	{ "filter", "/", "FILTER", "Filter the list: words, and key:value as in status:conflict, -method:delete", "filter", LIST, 0, fp_act_filter },
	{ "search", "/", "TEXT", "Search the text", "search", TEXT, 0, fp_act_search },
	{ "follow", "F", NULL, "Stay at the end of the log as it grows, or stop staying there", "follow", FP_IN_JOB, 0, fp_act_follow },
	{ "cancel", "x", NULL, "Cancel the job, after a question", "cancel", FP_IN_ACTIVE, 1, fp_act_cancel },
	{ "secret-set", "n", "[NAME]", "Set a secret, new or in place of what it was", "set", FP_IN_SECRETS, 1, fp_act_secret_set },
	{ "secret-test", "t", NULL, "Test the secret: connect to its services, or say which layers use it", "test", FP_IN_SECRETS, 1, fp_act_secret_test },
	{ "secret-remove", "x", NULL, "Remove the secret, after a question", "remove", FP_IN_SECRETS, 1, fp_act_secret_remove },
	{ "difference", "D", NULL, "What differs between the version and the one before it, feature by feature", "difference", FP_IN_VERSIONS, 0, fp_act_difference },
	{ "compare", "D", "[NUMBER]", "What differs between the package and the one before, or package NUMBER", "compare", FP_IN_PACKAGES | FP_IN_PACKAGE, 0, fp_act_compare },
	{ "get", "o", "FOLDER", "Copy the package into a folder, whole or not at all; once more: stop that", "get", FP_IN_PACKAGES | FP_IN_PACKAGE, 0, fp_act_get },
	{ "restore", "r", NULL, "Make the version the current one again, after a question", "restore", FP_IN_VERSIONS, 1, fp_act_restore },
	{ "back", "<Esc>", NULL, "Clear the filter, else go back to the view below", "back", ALL, 0, fp_act_back },
	{ "close", "q", NULL, "Go back to the view below; from the first one, quit", NULL, ALL, 0, fp_act_close },
	{ "command", ":", NULL, "Go to a view or run a command by name; Tab completes", "command", ALL, 0, fp_act_command },

	{ "down", "j <Down>", NULL, "Down one row", NULL, ALL, 0, fp_act_down },
	{ "up", "k <Up>", NULL, "Up one row", NULL, ALL, 0, fp_act_up },
	{ "page-down", "<PgDn> <C-f>", NULL, "Down one screen", NULL, ALL, 0, fp_act_page_down },
	{ "page-up", "<PgUp> <C-b>", NULL, "Up one screen", NULL, ALL, 0, fp_act_page_up },
	{ "first", "g <Home>", NULL, "To the first row", NULL, ALL, 0, fp_act_first },
	{ "last", "G <End>", NULL, "To the last row", NULL, ALL, 0, fp_act_last },
	{ "left", "h <Left>", NULL, "Cursor to the cell on the left; in a text, scroll to the left", NULL, ALL, 0, fp_act_left },
	{ "right", "l <Right>", NULL, "Cursor to the cell on the right; in a text, scroll to the right", NULL, ALL, 0, fp_act_right },

	{ "next-match", "n", NULL, "To the next match of the search", NULL, TEXT, 0, fp_act_search_next },
	{ "previous-match", "N", NULL, "To the previous match of the search", NULL, TEXT, 0, fp_act_search_previous },
	{ "mark", "<Space>", NULL, "Mark the row, or take the mark off", NULL, MARKED, 0, fp_act_mark },
	{ "range", "v", NULL, "Begin a range here, or mark the range that was begun", NULL, MARKED, 0, fp_act_range },
	{ "mark-all", "*", NULL, "Mark every row that the filter shows", NULL, MARKED, 0, fp_act_mark_all },
	{ "unmark", "u", NULL, "Take all marks off", NULL, MARKED, 0, fp_act_unmark },
	{ "undo", "z", NULL, "Take back the last staging", NULL, STAGES, 0, fp_act_undo },
	{ "retry", "", NULL, "Ask for the job once more", NULL, FP_IN_JOBS | FP_IN_JOB, 1, fp_act_retry },
	{ "sort", "s", "COLUMN", "Sort by a column", NULL, LIST, 0, fp_act_sort },
	{ "reverse", "S", NULL, "Turn the order round", NULL, LIST, 0, fp_act_reverse },
	{ "copy", "y", NULL, "Copy the row, the cell or the line to the clipboard of the terminal (OSC 52)", NULL, ALL, 0, fp_act_copy },
	{ "export", "e", "FILE", "Write what is shown to a file: .json, .csv or .txt", NULL, ALL, 0, fp_act_export },
	{ "refresh", "R", NULL, "Read again now", NULL, ALL, 0, fp_act_refresh },
	{ "pause", "p", NULL, "Stop refreshing, or go on", NULL, ALL, 0, fp_act_pause },

	{ "projects", "1", "[FILTER]", "Projects", NULL, ALL, 0, fp_act_projects },
	{ "changes", "2", "[PROJECT] [FILTER]", "Changes", NULL, ALL, 0, fp_act_changes },
	{ "jobs", "3", "[PROJECT] [FILTER]", "Jobs", NULL, ALL, 0, fp_act_jobs },
	{ "layers", "4", "[PROJECT] [FILTER]", "Layers: what Check project layers found", NULL, ALL, 0, fp_act_layers },
	{ "files", "5", "[PROJECT] [FILTER]", "Files", NULL, ALL, 0, fp_act_files },
	{ "packages", "6", "[PROJECT] [FILTER]", "Packages: what devices take along", NULL, ALL, 0, fp_act_packages },
	{ "secrets", "7", "[PROJECT] [FILTER]", "Secrets: what jobs get to know and nobody gets to see", NULL, ALL, 0, fp_act_secrets },
	{ "activity", "8", "[PROJECT] [FILTER]", "Activity: who did what, when", NULL, ALL, 0, fp_act_activity },
	{ "problems", "9", "[PROJECT] [FILTER]", "Problems: layers that are not ok, the same failure in one row", NULL, ALL, 0, fp_act_problems },
	{ "next-tab", "<Tab>", NULL, "To the next of these views", NULL, ALL, 0, fp_act_next_tab },
	{ "previous-tab", "<S-Tab>", NULL, "To the previous of these views", NULL, ALL, 0, fp_act_previous_tab },
	{ "project", "", "PROJECT", "Open a project by name", NULL, ALL, 0, fp_act_project },
	{ "change", "", "UUID", "Open a change by its uuid", NULL, ALL, 0, fp_act_change },
	{ "job", "", "NUMBER", "Open a job by its number", NULL, ALL, 0, fp_act_job },
	{ "layer", "", "LAYER-ID", "Open a layer of the project that is open", NULL, ALL, 0, fp_act_layer },
	{ "package", "", "NUMBER", "Open a package by the number of its job", NULL, ALL, 0, fp_act_package },
	{ "package-layer", "", "NUMBER LAYER-ID", "Open a layer of a package of the project that is open", NULL, ALL, 0, fp_act_package_layer },
	{ "check", "", "[PROJECT]", "Ask for Check project layers (a process_projectfile job)", NULL, ALL, 1, fp_act_check },
	{ "apply-pending", "", "[PROJECT]", "Ask for the pending changes to be applied (a delta_apply job)", NULL, ALL, 1, fp_act_apply_pending },
	{ "make-package", "", "[PROJECT]", "Ask for a new package (a package job)", NULL, ALL, 1, fp_act_make_package },

	{ "help", "? <F1>", NULL, "The keys that are valid here", NULL, ALL, 0, fp_act_help },
	{ "redraw", "<C-l>", NULL, "Draw the screen anew", NULL, ALL, 0, fp_act_redraw },
	{ "suspend", "<C-z>", NULL, "Back to the shell for a while; fg returns", NULL, ALL, 0, fp_act_suspend },
	{ "save-display", "", "FILE", "Write the screen as text to a file", NULL, ALL, 0, fp_act_save_display },
	{ "save-attributes", "", "FILE", "The same, with a second block that shows bold, reverse and colours", NULL, ALL, 0, fp_act_save_attributes },
	{ "wait", "", "idle", "In scripts: wait until no job is left to do", NULL, ALL, 0, fp_act_wait },
	{ "quit", "Q <C-c>", NULL, "Quit; asks when a job runs here", NULL, ALL, 0, fp_act_quit },
	{ 0 },
};

const struct fp_tab fp_tabs[] = {
	{ '1', &fp_view_projects }, { '2', &fp_view_changes }, { '3', &fp_view_jobs }, { '4', &fp_view_layers }, { '5', &fp_view_files },
	{ '6', &fp_view_packages }, { '7', &fp_view_secrets }, { '8', &fp_view_activity }, { 0, NULL },
};

const struct fp_act *fp_act_by_key(int key, unsigned context)
{
	for (const struct fp_act *a = fp_acts; a->name; a++)
		if ((a->where & context) && fp_key_in(a->keys, key))
			return a;
	return NULL;
}

const struct fp_act *fp_act_by_name(const char *name, unsigned context)
{
	const struct fp_act *elsewhere = NULL;

	for (const struct fp_act *a = fp_acts; a->name; a++) {
		if (strcmp(a->name, name) != 0)
			continue;
		if (a->where & context)
			return a;
		elsewhere = a;
	}
	return elsewhere;
}

/* The key at *KEYS as it is shown, moved behind it. */
static void shown_key(const char **keys, char *to, size_t size)
{
	const char *from = *keys, *end;
	size_t len;

	fp_key_next(keys);
	end = *keys;
	while (**keys == ' ')
		++*keys;
	if (*from == '<' && end - from > 2) {
		from++;
		end--;
	}
	len = (size_t)(end - from) < size - 1 ? (size_t)(end - from) : size - 1;
	memcpy(to, from, len);
	to[len] = '\0';
}

void fp_act_first_key(const struct fp_act *a, char *to, size_t size)
{
	const char *keys = a->keys;

	shown_key(&keys, to, size);
}

void fp_act_all_keys(const struct fp_act *a, struct fp_buf *to)
{
	char key[24];

	for (const char *keys = a->keys; *keys;) {
		shown_key(&keys, key, sizeof key);
		fp_buf_addf(to, to->len ? ", %s" : "%s", key);
	}
}

unsigned fp_act_run(struct fp_console *c, const struct fp_act *a, const char *arg)
{
	if (!(a->where & fp_top(c)->ops->context))
		return fp_complain(c, ":%s does nothing in %s.", a->name, fp_top(c)->ops->title);
	if (a->writes && c->read_only)
		return fp_complain(c, "The console is read-only: %s is off. Start it without --read-only to change things.", a->name);
	return a->run(c, arg);
}

void fp_keys_each(fp_key_each *each, void *arg)
{
	for (const struct fp_act *a = fp_acts; a->name; a++)
		each(arg, a->name, a->keys, a->help, a->writes);
}
