#include <stdlib.h>
#include <string.h>

#include "engine/package/patch.h"
#include "engine/project/xml.h"

xmlNode *fp_patch_child(xmlNode *parent, const char *name)
{
	return (xmlNode *)fp_xml_child(parent, name);
}

static int is_text(const xmlNode *n)
{
	return n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE;
}

static int is_blank(const xmlNode *n)
{
	return n && n->type == XML_TEXT_NODE && strspn((const char *)n->content, " \t\r\n") == strlen((const char *)n->content);
}

static void forget(xmlNode *n)
{
	xmlUnlinkNode(n);
	xmlFreeNode(n);
}

void fp_patch_text(xmlNode *node, const char *text)
{
	xmlNode *first;

	for (xmlNode *n = node->children, *next; n; n = next) {
		next = n->next;
		if (is_text(n))
			forget(n);
	}
	if (!*text)
		return;
	first = xmlNewDocText(node->doc, (const xmlChar *)text);
	if (node->children)
		xmlAddPrevSibling(node->children, first);
	else
		xmlAddChild(node, first);
}

void fp_patch_attr(xmlNode *node, const char *name, const char *value)
{
	xmlSetProp(node, (const xmlChar *)name, (const xmlChar *)value);
}

static xmlNode *element(xmlNode *parent, const char *name)
{
	xmlNode *n = xmlNewDocNode(parent->doc, NULL, (const xmlChar *)name, NULL);

	fp_assert(n);
	return n;
}

/* A copy of the blanks in front of PARENT's children, NULL when there are none. */
static xmlNode *indent(xmlNode *parent)
{
	return is_blank(parent->children) && parent->children->next ? xmlDocCopyNode(parent->children, parent->doc, 1) : NULL;
}

/* Text nodes are linked by hand: libxml2 would join neighbours and free one of them. */
static void put_before(xmlNode *at, xmlNode *blank)
{
	blank->parent = at->parent;
	blank->next = at;
	blank->prev = at->prev;
	if (at->prev)
		at->prev->next = blank;
	else
		at->parent->children = blank;
	at->prev = blank;
}

xmlNode *fp_patch_append(xmlNode *parent, const char *name)
{
	xmlNode *n = element(parent, name), *blank = indent(parent), *last = parent->last;

	if (is_blank(last) && last != parent->children)
		xmlAddPrevSibling(last, n);
	else
		xmlAddChild(parent, n);
	if (blank)
		put_before(n, blank);
	return n;
}

xmlNode *fp_patch_prepend(xmlNode *parent, const char *name)
{
	xmlNode *n = element(parent, name), *blank = indent(parent);

	if (!parent->children) {
		xmlAddChild(parent, n);
		return n;
	}
	xmlAddPrevSibling(parent->children, n);
	if (blank)
		put_before(n, blank);
	return n;
}

void fp_patch_drop(xmlNode *node)
{
	if (is_blank(node->prev))
		forget(node->prev);
	forget(node);
}

void fp_patch_walk(xmlNode *node, int (*each)(void *arg, xmlNode *element), void *arg)
{
	for (xmlNode *n = node->children, *next; n; n = next) {
		next = n->next;
		if (n->type == XML_ELEMENT_NODE && each(arg, n))
			fp_patch_walk(n, each, arg);
	}
}

/* The two forms of custom properties: <property key= value=> up to QGIS 3.16, <Option type="Map"><Option name= type= value=> since 3.20. A reader that
 * meets the newer one ignores the older, so that they are never mixed. */
static xmlNode *entry_of(xmlNode *holder, const char *element, const char *key_name, const char *key)
{
	for (xmlNode *n = fp_patch_child(holder, element); n; n = (xmlNode *)fp_xml_next(n))
		if (fp_xml_attr_is(n, key_name, key))
			return n;
	return NULL;
}

char *fp_patch_get_property(const xmlNode *owner, const char *key)
{
	xmlNode *holder = fp_patch_child((xmlNode *)owner, "customproperties"), *n = entry_of(fp_patch_child(holder, "Option"), "Option", "name", key);

	return fp_xml_attr(n ? n : entry_of(holder, "property", "key", key), "value");
}

static void drop_all(xmlNode *holder, const char *element, const char *key_name, const char *key)
{
	for (xmlNode *n; (n = entry_of(holder, element, key_name, key));)
		fp_patch_drop(n);
}

void fp_patch_no_property(xmlNode *owner, const char *key)
{
	xmlNode *holder = fp_patch_child(owner, "customproperties");

	drop_all(holder, "property", "key", key);
	drop_all(fp_patch_child(holder, "Option"), "Option", "name", key);
}

/* The entry KEY of HOLDER, made when there is none, without what it held before. */
static xmlNode *fresh(xmlNode *holder, const char *element, const char *key_name, const char *key)
{
	xmlNode *n = entry_of(holder, element, key_name, key);

	if (!n) {
		n = fp_patch_append(holder, element);
		fp_patch_attr(n, key_name, key);
	}
	while (n->children)
		forget(n->children);
	return n;
}

void fp_patch_property(const struct fp_patch *t, xmlNode *owner, const char *key, const char *type, const char *value)
{
	enum { OPTIONS_SINCE = 320 };
	xmlNode *holder = fp_patch_child(owner, "customproperties"), *map, *n;

	if (!holder)
		holder = fp_patch_append(owner, "customproperties");
	map = fp_patch_child(holder, "Option");
	if (!map && (fp_patch_child(holder, "property") || t->version < OPTIONS_SINCE)) {
		n = fresh(holder, "property", "key", key);
		fp_patch_attr(n, "value", value);
		return;
	}
	if (!map)
		map = fp_patch_append(holder, "Option");
	fp_patch_attr(map, "type", "Map");
	n = fresh(map, "Option", "name", key);
	fp_patch_attr(n, "type", type);
	fp_patch_attr(n, "value", value);
}
