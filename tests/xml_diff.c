#include "tests/xml_diff.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/mem.h"

/* By what an element is known among its siblings. */
static char *name_of(const xmlNode *n)
{
	static const char *const keys[] = {"id", "name", "key", "field", "joinLayerId", "layerid"};

	if (n->type != XML_ELEMENT_NODE)
		return fp_asprintf("#%s", (const char *)n->content);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		xmlChar *v = xmlGetProp(n, (const xmlChar *)keys[i]);
		if (v) {
			char *name = fp_asprintf("%s[%s]", (const char *)n->name, (const char *)v);
			xmlFree(v);
			return name;
		}
	}
	for (const xmlNode *c = n->children; c; c = c->next)
		if (c->type == XML_ELEMENT_NODE && strcmp((const char *)c->name, "id") == 0 && c->children)
			return fp_asprintf("%s[%s]", (const char *)n->name, (const char *)c->children->content);
	if (strcmp((const char *)n->name, "item") == 0 && n->children)
		return fp_asprintf("item[%s]", (const char *)n->children->content);
	return fp_strdup((const char *)n->name);
}

static char *text_of(const xmlNode *n)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_add(&b, "", 0);
	for (n = n->children; n; n = n->next)
		if (n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE)
			fp_buf_adds(&b, (const char *)n->content);
	if (strspn(b.data, " \t\r\n") == b.len)
		fp_buf_clear(&b);
	return fp_buf_take(&b);
}

static void attributes(struct fp_buf *out, const char *path, const xmlNode *a, const xmlNode *b)
{
	for (const xmlAttr *p = a->properties; p; p = p->next) {
		xmlChar *v = xmlGetProp(a, p->name), *w = xmlGetProp(b, p->name);
		if (!w || !xmlStrEqual(v, w))
			fp_buf_addf(out, "%s@%s: %s -> %s\n", path, (const char *)p->name, (const char *)v, w ? (const char *)w : "(none)");
		xmlFree(v);
		xmlFree(w);
	}
	for (const xmlAttr *p = b->properties; p; p = p->next)
		if (!xmlHasProp(a, p->name)) {
			xmlChar *w = xmlGetProp(b, p->name);
			fp_buf_addf(out, "%s@%s: (none) -> %s\n", path, (const char *)p->name, (const char *)w);
			xmlFree(w);
		}
}

static const xmlNode *skip(const xmlNode *n)
{
	while (n && n->type != XML_ELEMENT_NODE && n->type != XML_COMMENT_NODE && n->type != XML_PI_NODE)
		n = n->next;
	return n;
}

static const xmlNode *find(const xmlNode *among, const char *name)
{
	for (among = skip(among); among; among = skip(among->next)) {
		char *other = name_of(among);
		int same = strcmp(other, name) == 0;
		free(other);
		if (same)
			return among;
	}
	return NULL;
}

static void all_of(struct fp_buf *out, const char *path, const xmlNode *n)
{
	xmlBuffer *b = xmlBufferCreate();

	xmlNodeDump(b, n->doc, (xmlNode *)n, 0, 0);
	fp_buf_addf(out, "%s + %s\n", path, (const char *)xmlBufferContent(b));
	xmlBufferFree(b);
}

static void diff(struct fp_buf *out, const char *path, const xmlNode *a, const xmlNode *b)
{
	char *before = text_of(a), *after = text_of(b);
	const xmlNode *i = skip(a->children), *j = skip(b->children);

	if (a->type == XML_ELEMENT_NODE)
		attributes(out, path, a, b);
	if (strcmp(before, after) != 0)
		fp_buf_addf(out, "%s: %s -> %s\n", path, before, after);
	free(before);
	free(after);
	while (i || j) {
		char *left = i ? name_of(i) : NULL, *right = j ? name_of(j) : NULL;
		if (left && right && strcmp(left, right) == 0) {
			char *below = fp_asprintf("%s/%s", path, left);
			if (i->type == XML_ELEMENT_NODE)
				diff(out, below, i, j);
			free(below);
			i = skip(i->next);
			j = skip(j->next);
		} else if (right && !find(i, right)) {
			all_of(out, path, j);
			j = skip(j->next);
		} else if (left) {
			fp_buf_addf(out, "%s - %s\n", path, left);
			i = skip(i->next);
		} else {
			all_of(out, path, j);
			j = skip(j->next);
		}
		free(left);
		free(right);
	}
}

char *xml_diff(const xmlDoc *before, const xmlDoc *after)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_add(&b, "", 0);
	diff(&b, "", (const xmlNode *)before, (const xmlNode *)after);
	return fp_buf_take(&b);
}
