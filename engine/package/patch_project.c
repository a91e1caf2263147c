/* What the project says of itself (spec/package.md 4.8). */
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/path.h"
#include "engine/package/patch.h"
#include "engine/project/xml.h"

static char *packaged_name(const struct fp_patch *t)
{
	return fp_asprintf("%s_qfield", t->p->stem);
}

static void set_if_there(xmlNode *n, const char *attr, const char *value)
{
	if (xmlHasProp(n, (const xmlChar *)attr))
		fp_patch_attr(n, attr, value);
}

/* When it was saved and by whom is left out: it says nothing of the package, and the same project gives the same package. */
void fp_patch_root(struct fp_patch *t, xmlNode *root)
{
	set_if_there(root, "saveUser", "");
	set_if_there(root, "saveUserFull", "");
	set_if_there(root, "saveDateTime", "");
	if (t->untitled) {
		char *name = packaged_name(t);
		fp_patch_attr(root, "projectname", name);
		free(name);
	}
}

void fp_patch_title(struct fp_patch *t, xmlNode *title)
{
	char *name;

	if (!t->untitled)
		return;
	name = packaged_name(t);
	fp_patch_text(title, name);
	free(name);
}

void fp_patch_home(struct fp_patch *t, xmlNode *home)
{
	(void)t;
	fp_patch_attr(home, "path", "");
}

/* <transaction mode=> since 3.30, <autotransaction active=> before: data.gpkg is edited layer by layer. */
void fp_patch_transaction(struct fp_patch *t, xmlNode *transaction)
{
	if (!t->offline)
		return;
	if (strcmp((const char *)transaction->name, "transaction") == 0)
		fp_patch_attr(transaction, "mode", "Disabled");
	else
		fp_patch_attr(transaction, "active", "0");
}

void fp_patch_defaults(struct fp_patch *t, xmlNode *defaults)
{
	if (t->offline)
		fp_patch_attr(defaults, "active", "0");
}

void fp_patch_flags(struct fp_patch *t, xmlNode *flags)
{
	char *set = fp_xml_attr(flags, "set");
	struct fp_buf b = FP_BUF_INIT;

	for (const char *p = set; *p && t->offline;) {
		size_t n = strcspn(p, "|");
		char *flag = fp_strndup(p, n);
		if (strcmp(flag, "EvaluateDefaultValuesOnProviderSide") != 0)
			fp_buf_addf(&b, "%s%s", b.len ? "|" : "", flag);
		free(flag);
		p += n + (p[n] == '|');
	}
	if (t->offline && strcmp(b.data, set) != 0)
		fp_patch_attr(flags, "set", b.data);
	fp_buf_free(&b);
	free(set);
}

/* The entry NAME below PARENT, in either form: <name> or <properties name="name">. Of several the last is what QGIS reads. */
static xmlNode *entry(xmlNode *parent, const char *name)
{
	xmlNode *found = NULL;

	for (xmlNode *n = parent->children; n; n = n->next)
		if (n->type == XML_ELEMENT_NODE && (strcmp((const char *)n->name, name) == 0 ||
			(strcmp((const char *)n->name, "properties") == 0 && fp_xml_attr_is(n, "name", name))))
			found = n;
	return found;
}

/* A new entry looks like the others. */
static xmlNode *entry_or_new(xmlNode *parent, const char *name, int nested)
{
	xmlNode *n = entry(parent, name);

	if (n)
		return n;
	n = fp_patch_append(parent, nested ? "properties" : name);
	if (nested)
		fp_patch_attr(n, "name", name);
	return n;
}

static void set(xmlNode *properties, const char *scope, const char *key, const char *type, const char *value)
{
	int nested = fp_xml_child(properties, "properties") != NULL;
	xmlNode *n = entry_or_new(entry_or_new(properties, scope, nested), key, nested);

	fp_patch_attr(n, "type", type);
	fp_patch_text(n, value);
}

/* data.gpkg as the layers write it. */
static void set_data_path(const struct fp_patch *t, xmlNode *properties)
{
	for (size_t i = 0; i < t->p->n_layers; i++) {
		const struct fp_pack_layer *l = &t->p->layers[i];
		if (l->action == FP_PACK_OFFLINE && l->datasource) {
			char *path = fp_strndup(l->datasource, strcspn(l->datasource, "|"));
			set(properties, "OfflineEditingPlugin", "OfflineDbPath", "QString", path);
			free(path);
			return;
		}
	}
}

void fp_patch_properties(struct fp_patch *t, xmlNode *properties)
{
	set_data_path(t, properties);
	set(properties, "qfieldsync", "createBaseMap", "bool", "false");
	set(properties, "qfieldsync", "originalProjectPath", "QString", fp_path_base(t->p->project->path));
	set(properties, "Paths", "Absolute", "bool", "false");
}
