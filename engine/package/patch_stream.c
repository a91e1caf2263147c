#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/package/patch.h"
#include "engine/project/container.h"

/* Children of the root that are patched, each by its function. One that a project must have is added at the end when it has none. */
enum need { NO, ALWAYS, UNTITLED };
static const struct {
	const char *name;
	void (*patch)(struct fp_patch *t, xmlNode *element);
	enum need need;
} parts[] = {
	{"homePath", fp_patch_home, NO},
	{"title", fp_patch_title, UNTITLED},
	{"autotransaction", fp_patch_transaction, NO},
	{"transaction", fp_patch_transaction, NO},
	{"evaluateDefaultValues", fp_patch_defaults, NO},
	{"projectFlags", fp_patch_flags, NO},
	{"layer-tree-group", fp_patch_tree, NO},
	{"snapping-settings", fp_patch_lists, NO},
	{"relations", fp_patch_lists, NO},
	{"polymorphicRelations", fp_patch_lists, NO},
	{"mapcanvas", fp_patch_lists, NO},
	{"legend", fp_patch_lists, NO},
	{"layerorder", fp_patch_lists, NO},
	{"properties", fp_patch_properties, ALWAYS},
	{"visibility-presets", fp_patch_lists, NO},
	{"Layouts", fp_patch_layouts, NO},
};
#define N_PARTS (sizeof parts / sizeof *parts)

struct stream {
	struct fp_patch patch;
	int seen[N_PARTS];
	xmlOutputBuffer *out;
	int fd, fault;        /* errno of the first write that failed */
	int begun;
	int embedded;         /* layers of other projects have been written */
};

static int is_element(const xmlNode *n)
{
	return n && n->type == XML_ELEMENT_NODE;
}

static int is(const xmlNode *n, const char *name)
{
	return strcmp((const char *)n->name, name) == 0;
}

/* What fails is noted here and not told to libxml2, which would print it. */
static int put_bytes(void *arg, const char *bytes, int n)
{
	struct stream *s = arg;

	for (int done = 0; done < n && !s->fault;) {
		ssize_t k = write(s->fd, bytes + done, (size_t)(n - done));
		if (k >= 0)
			done += (int)k;
		else if (errno != EINTR)
			s->fault = errno;
	}
	return n;
}

static void put(struct stream *s, const char *text)
{
	xmlOutputBufferWriteString(s->out, text);
}

/* What is written is UTF-8, whatever was read; libxml2 writes all else but ASCII as numbers when the document does not say so. */
static void speak_utf8(xmlDoc *doc)
{
	if (!doc->encoding)
		doc->encoding = xmlStrdup((const xmlChar *)"UTF-8");
}

static void put_node(struct stream *s, xmlNode *n)
{
	speak_utf8(n->doc);
	xmlNodeDumpOutput(s->out, n->doc, n, 0, 0, "UTF-8");
}

static enum fp_status written(const struct stream *s, struct fp_error *err)
{
	return s->fault ? fp_fail_errno(err, s->fault, "cannot write the packaged project") : FP_OK;
}

static void put_literal(struct stream *s, const xmlChar *text)
{
	const char *quote = strchr((const char *)text, '"') ? "'" : "\"";

	put(s, " ");
	put(s, quote);
	put(s, (const char *)text);
	put(s, quote);
}

/* Without the entities that it declared: they are plain text by now. */
static void put_doctype(struct stream *s, const xmlDtd *dtd)
{
	put(s, "<!DOCTYPE ");
	put(s, (const char *)dtd->name);
	if (dtd->ExternalID) {
		put(s, " PUBLIC");
		put_literal(s, dtd->ExternalID);
	} else if (dtd->SystemID) {
		put(s, " SYSTEM");
	}
	if (dtd->SystemID)
		put_literal(s, dtd->SystemID);
	put(s, ">");
}

/* The declaration, if there was one (libxml2 says -1 for none and -2 for one that says nothing of standing alone). */
static void begin(struct stream *s, xmlDoc *doc)
{
	if (s->begun)
		return;
	s->begun = 1;
	if (doc->standalone != -1) {
		put(s, "<?xml version=\"1.0\" encoding=\"UTF-8\"");
		if (doc->standalone >= 0)
			put(s, doc->standalone ? " standalone=\"yes\"" : " standalone=\"no\"");
		put(s, "?>\n");
	}
}

static int walk(void *arg, const char *name, int depth)
{
	(void)arg;
	return depth == 0 || (depth == 1 && strcmp(name, "projectlayers") == 0);
}

/* A value that names a file which lies elsewhere in the package. */
static void replace(const struct fp_package *p, xmlNode *n)
{
	for (xmlAttr *a = n->properties; a; a = a->next) {
		const char *to = a->children ? json_string_value(json_object_get(p->replaced, (const char *)a->children->content)) : NULL;
		if (to)
			fp_patch_attr(n, (const char *)a->name, to);
	}
	if (is(n, "value") && n->children && !n->children->next && n->children->content) {
		const char *to = json_string_value(json_object_get(p->replaced, (const char *)n->children->content));
		if (to)
			fp_patch_text(n, to);
	}
}

static int replace_in(void *arg, xmlNode *n)
{
	replace(arg, n);
	return 1;
}

static void replace_all(struct stream *s, xmlNode *n)
{
	if (json_object_size(s->patch.p->replaced) == 0)
		return;
	replace(s->patch.p, n);
	fp_patch_walk(n, replace_in, s->patch.p);
}

static void patch_part(struct stream *s, xmlNode *n)
{
	for (size_t i = 0; i < N_PARTS; i++)
		if (is(n, parts[i].name)) {
			s->seen[i] = 1;
			parts[i].patch(&s->patch, n);
		}
}

static enum fp_status open_element(void *arg, xmlNode *element, struct fp_error *err)
{
	struct stream *s = arg;
	xmlBuffer *b = xmlBufferCreate();

	fp_assert(b);
	begin(s, element->doc);
	if (element->parent == (xmlNode *)element->doc)
		fp_patch_root(&s->patch, element);
	speak_utf8(element->doc);
	xmlNodeDump(b, element->doc, element, 0, 0);
	fp_assert(xmlBufferLength(b) > 2); /* "<x/>": it has no children yet */
	xmlOutputBufferWrite(s->out, xmlBufferLength(b) - 2, (const char *)xmlBufferContent(b));
	put(s, ">");
	xmlBufferFree(b);
	return written(s, err);
}

static enum fp_status beside_root(struct stream *s, xmlNode *doc, struct fp_error *err)
{
	for (xmlNode *n = doc->children; n; n = n->next) {
		if (n->type == XML_DTD_NODE)
			put_doctype(s, (xmlDtd *)n);
		else
			put_node(s, n);
		put(s, "\n");
	}
	return written(s, err);
}

static int patch_layer(struct stream *s, xmlNode *node)
{
	return !fp_patch_is_stub(&s->patch, node) && fp_patch_layer(&s->patch, node, fp_patch_defined(&s->patch, node));
}

static enum fp_status put_embedded(void *arg, xmlNode *node, struct fp_pack_layer *l, struct fp_error *err)
{
	struct stream *s = arg;

	replace_all(s, node);
	if (fp_patch_layer(&s->patch, node, l)) {
		put_node(s, node);
		put(s, "\n");
	}
	return written(s, err);
}

static enum fp_status pieces(void *arg, xmlNode *parent, int depth, struct fp_error *err)
{
	struct stream *s = arg;

	begin(s, parent->doc);
	if (depth < 0)
		return beside_root(s, parent, err);
	if (is_element(parent->last)) {
		replace_all(s, parent->last);
		if (depth == 0)
			patch_part(s, parent->last);
		else if (is(parent->last, "maplayer") && !patch_layer(s, parent->last))
			fp_patch_drop(parent->last);
	}
	for (xmlNode *n = parent->children; n; n = n->next)
		put_node(s, n);
	return written(s, err);
}

/* What the project must have and did not. */
static void put_missing(struct stream *s, xmlNode *root)
{
	for (size_t i = 0; i < N_PARTS; i++) {
		xmlNode *n;
		if (s->seen[i] || parts[i].need == NO || (parts[i].need == UNTITLED && !s->patch.untitled))
			continue;
		n = xmlNewDocNode(root->doc, NULL, (const xmlChar *)parts[i].name, NULL);
		parts[i].patch(&s->patch, n);
		put_node(s, n);
		put(s, "\n");
		xmlFreeNode(n);
	}
}

static enum fp_status close_element(void *arg, xmlNode *element, struct fp_error *err)
{
	struct stream *s = arg;
	enum fp_status st = FP_OK;

	if (element->parent == (xmlNode *)element->doc)
		put_missing(s, element);
	else if (!s->embedded)
		st = fp_patch_embedded(&s->patch, put_embedded, s, err);
	s->embedded = 1;
	if (st != FP_OK)
		return st;
	put(s, "</");
	if (element->ns && element->ns->prefix) {
		put(s, (const char *)element->ns->prefix);
		put(s, ":");
	}
	put(s, (const char *)element->name);
	put(s, ">");
	return written(s, err);
}

static enum fp_status read_all(struct stream *s, struct fp_error *err)
{
	static const struct fp_xml_pieces to = {.walk = walk, .open = open_element, .pieces = pieces, .close = close_element};
	struct fp_xml *x = fp_xml_new_pieces(&to, s);
	enum fp_status st = fp_container_read(x, s->patch.p->project->path, err);

	if (st == FP_OK)
		st = fp_xml_end(x, err);
	fp_xml_free(x);
	return st;
}

static int version_of(const char *text)
{
	int major = 0, minor = 0;

	sscanf(text, "%d.%d", &major, &minor);
	return major * 100 + minor;
}

enum fp_status fp_patch_write(struct fp_package *p, const char *path, struct fp_error *err)
{
	struct stream s = {.patch = {.p = p, .version = version_of(p->project->qgis_version), .met = json_object()}};
	enum fp_status st;

	for (size_t i = 0; i < p->n_layers; i++)
		s.patch.offline |= p->layers[i].action == FP_PACK_OFFLINE;
	s.patch.untitled = s.patch.offline && !*p->project->title;
	s.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s.fd < 0) {
		st = fp_fail_errno(err, errno, "cannot write %s", path);
	} else {
		s.out = xmlOutputBufferCreateIO(put_bytes, NULL, &s, NULL);
		fp_assert(s.out);
		st = read_all(&s, err);
		if (st == FP_OK)
			put(&s, "\n");
		xmlOutputBufferFlush(s.out);
		if (st == FP_OK)
			st = written(&s, err);
		xmlOutputBufferClose(s.out);
		if (close(s.fd) != 0 && st == FP_OK)
			st = fp_fail_errno(err, errno, "cannot write the packaged project");
	}
	json_decref(s.patch.met);
	fp_patch_forget_trees(&s.patch);
	return st;
}
