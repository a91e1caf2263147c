#include "engine/project/xml.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

#include "engine/base/buf.h"
#include "engine/base/mem.h"

/* How the bytes are handled; AS_IS: UTF-16, or whatever somebody wants to be strict about. */
enum encoding { UNKNOWN, UTF_8, EIGHT_BIT, AS_IS };

struct fp_xml {
	fp_xml_keep *keep;
	fp_xml_visit *visit;  /* NULL: nobody wants to see attributes */
	void *visitor;
	xmlParserCtxt *ctxt;
	xmlSAXHandler sax;
	int dropped;          /* levels inside an element that is not kept */
	int kept;             /* elements and attributes that are */
	enum encoding encoding;
	struct fp_buf raw;    /* bytes not yet passed on: fewer than a character, or the start of the file */
	struct fp_buf clean;
	int line;             /* of the first fault, 0 when none */
	char fault[200];
	const struct fp_xml_pieces *to; /* NULL: a tree is kept */
	void *arg;
	int open;             /* elements that are walked through and have not ended */
	enum fp_status status; /* of the first function of TO that failed */
	struct fp_error err;
};

static struct fp_xml *of(void *ctx)
{
	return ((xmlParserCtxt *)ctx)->_private;
}

static void stop(struct fp_xml *x, const char *fault)
{
	x->line = xmlSAX2GetLineNumber(x->ctxt);
	snprintf(x->fault, sizeof x->fault, "%s", fault);
	xmlStopParser(x->ctxt);
}

static void start_element(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_ns, const xmlChar **ns,
	int n_attr, int n_default, const xmlChar **attr)
{
	struct fp_xml *x = of(ctx);
	const xmlNode *parent = ((xmlParserCtxt *)ctx)->node;

	for (int i = 0; x->visit && i < n_attr; i++) /* libxml2 has five pointers for each: the name first, begin and end of the value last */
		x->visit(x->visitor, (const char *)attr[5 * i], (const char *)attr[5 * i + 3], (size_t)(attr[5 * i + 4] - attr[5 * i + 3]));
	/* nodeNr counts the open kept elements: the level of this one. */
	if (x->dropped > 0 || (parent && x->keep && !x->keep((const char *)parent->name, x->ctxt->nodeNr, (const char *)name))) {
		x->dropped++;
		return;
	}
	x->kept += 1 + n_attr;
	if (x->kept > FP_XML_KEPT_MAX) {
		stop(x, "it holds more than 3 million elements that matter");
		return;
	}
	xmlSAX2StartElementNs(ctx, name, prefix, uri, n_ns, ns, n_attr, n_default, attr);
}

static void end_element(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct fp_xml *x = of(ctx);

	if (x->dropped > 0)
		x->dropped--;
	else
		xmlSAX2EndElementNs(ctx, name, prefix, uri);
}

static void characters(void *ctx, const xmlChar *text, int n)
{
	if (of(ctx)->dropped == 0)
		xmlSAX2Characters(ctx, text, n);
}

/* Projects declare no entities. One that stands for plain text is harmless; any other is how bombs and theft are built. */
static void entity_decl(void *ctx, const xmlChar *name, int type, const xmlChar *public_id, const xmlChar *system_id, xmlChar *content)
{
	struct fp_xml *x = of(ctx);

	if (type == XML_INTERNAL_GENERAL_ENTITY && content && !strpbrk((const char *)content, "&<%")) {
		xmlSAX2EntityDecl(ctx, name, type, public_id, system_id, content);
		return;
	}
	stop(x, "it declares an entity that is more than plain text");
}

static void reference(void *ctx, const xmlChar *name)
{
	const xmlEntity *e = xmlSAX2GetEntity(ctx, name);

	if (e && e->content)
		characters(ctx, e->content, e->length);
}

static void note_fault(void *ctx, xmlError *e)
{
	struct fp_xml *x = of(ctx);

	if (e->level < XML_ERR_FATAL || x->line)
		return;
	x->line = e->line > 0 ? e->line : 1;
	snprintf(x->fault, sizeof x->fault, "%.*s", e->message ? (int)strcspn(e->message, "\n") : 0, e->message ? e->message : "");
}

/* Notes what a function of TO came to; what follows a failure is not parsed. */
static int went_well(struct fp_xml *x, enum fp_status st)
{
	if (st != FP_OK && x->status == FP_OK) {
		x->status = st;
		xmlStopParser(x->ctxt);
	}
	return x->status == FP_OK;
}

/* Hands on what has gathered below the innermost open element, and forgets it. */
static void hand_on(struct fp_xml *x)
{
	xmlNode *parent = x->ctxt->node ? x->ctxt->node : (xmlNode *)x->ctxt->myDoc;

	if (parent->children && x->status == FP_OK)
		went_well(x, x->to->pieces(x->arg, parent, x->open - 1, &x->err));
	for (xmlNode *n = parent->children, *next; n; n = next) {
		next = n->next;
		if (n->type == XML_DTD_NODE) /* its entities are needed to the end */
			continue;
		xmlUnlinkNode(n);
		xmlFreeNode(n);
	}
	x->kept = 0;
}

/* A value with entities in it becomes the text that it stands for. */
static void flatten(xmlDoc *doc, xmlAttr *attr)
{
	for (; attr; attr = attr->next) {
		xmlChar *value;
		if (!attr->children || (attr->children->type == XML_TEXT_NODE && !attr->children->next))
			continue;
		value = xmlNodeListGetString(doc, attr->children, 1);
		xmlFreeNodeList(attr->children);
		attr->children = attr->last = xmlNewDocText(doc, value ? value : (const xmlChar *)"");
		attr->children->parent = (xmlNode *)attr;
		xmlFree(value);
	}
}

/* Whether there is room for N nodes more in this piece. */
static int room(struct fp_xml *x, int n)
{
	x->kept += n;
	if (x->kept > FP_XML_KEPT_MAX)
		stop(x, "one of its parts holds more than 3 million elements");
	return x->kept <= FP_XML_KEPT_MAX;
}

static void comment_piece(void *ctx, const xmlChar *text)
{
	if (room(of(ctx), 1))
		xmlSAX2Comment(ctx, text);
}

static void instruction_piece(void *ctx, const xmlChar *target, const xmlChar *data)
{
	if (room(of(ctx), 1))
		xmlSAX2ProcessingInstruction(ctx, target, data);
}

static void cdata_piece(void *ctx, const xmlChar *text, int n)
{
	if (room(of(ctx), 1))
		xmlSAX2CDataBlock(ctx, text, n);
}

static void start_piece(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_ns, const xmlChar **ns,
	int n_attr, int n_default, const xmlChar **attr)
{
	struct fp_xml *x = of(ctx);
	int level = x->ctxt->nodeNr, walked = level == x->open && x->status == FP_OK && x->to->walk(x->arg, (const char *)name, level);

	if (walked)
		hand_on(x);
	if (!room(x, 1 + n_attr))
		return;
	xmlSAX2StartElementNs(ctx, name, prefix, uri, n_ns, ns, n_attr, n_default, attr);
	if (!x->ctxt->node)
		return;
	flatten(x->ctxt->myDoc, x->ctxt->node->properties);
	if (walked) {
		x->open++;
		went_well(x, x->to->open(x->arg, x->ctxt->node, &x->err));
	}
}

static void end_piece(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct fp_xml *x = of(ctx);
	xmlNode *node = x->ctxt->node;
	int level = x->ctxt->nodeNr;

	if (node && level == x->open) {
		hand_on(x);
		if (x->status == FP_OK)
			went_well(x, x->to->close(x->arg, node, &x->err));
		xmlSAX2EndElementNs(ctx, name, prefix, uri);
		xmlUnlinkNode(node);
		xmlFreeNode(node);
		x->open--;
		return;
	}
	xmlSAX2EndElementNs(ctx, name, prefix, uri);
	if (level - 1 == x->open)
		hand_on(x);
}

struct fp_xml *fp_xml_new(fp_xml_keep *keep)
{
	struct fp_xml *x = fp_alloc(sizeof *x);

	x->keep = keep;
	x->raw = x->clean = (struct fp_buf)FP_BUF_INIT;
	xmlSAX2InitDefaultSAXHandler(&x->sax, 0);
	x->sax.initialized = XML_SAX2_MAGIC;
	x->sax.startElementNs = start_element;
	x->sax.endElementNs = end_element;
	x->sax.characters = x->sax.ignorableWhitespace = characters;
	x->sax.cdataBlock = characters;
	x->sax.entityDecl = entity_decl;
	x->sax.reference = reference;
	x->sax.comment = NULL;
	x->sax.processingInstruction = NULL;
	x->sax.externalSubset = NULL;
	x->sax.resolveEntity = NULL;
	x->sax.serror = note_fault;
	x->ctxt = xmlCreatePushParserCtxt(&x->sax, NULL, NULL, 0, NULL);
	fp_assert(x->ctxt);
	x->ctxt->_private = x;
	xmlCtxtUseOptions(x->ctxt, XML_PARSE_NONET);
	x->ctxt->hasExternalSubset = 1; /* an entity that nobody declares is then left out, as QGIS does, and no end of everything */
	return x;
}

struct fp_xml *fp_xml_new_strict(fp_xml_keep *keep)
{
	struct fp_xml *x = fp_xml_new(keep);

	x->encoding = AS_IS;
	x->ctxt->hasExternalSubset = 0;
	return x;
}

struct fp_xml *fp_xml_new_pieces(const struct fp_xml_pieces *to, void *arg)
{
	struct fp_xml *x = fp_xml_new(NULL);
	xmlSAXHandler *sax = x->ctxt->sax; /* the context's own copy */

	x->to = to;
	x->arg = arg;
	sax->startElementNs = start_piece;
	sax->endElementNs = end_piece;
	sax->cdataBlock = cdata_piece;
	sax->comment = comment_piece;
	sax->processingInstruction = instruction_piece;
	return x;
}

void fp_xml_visit_attributes(struct fp_xml *x, fp_xml_visit *visit, void *arg)
{
	x->visit = visit;
	x->visitor = arg;
}

void fp_xml_free(struct fp_xml *x)
{
	if (!x)
		return;
	if (x->ctxt->myDoc)
		xmlFreeDoc(x->ctxt->myDoc);
	xmlFreeParserCtxt(x->ctxt);
	fp_buf_free(&x->raw);
	fp_buf_free(&x->clean);
	free(x);
}

/* Only UTF-8 (declared or assumed) can be mended byte by byte; what else the declaration says is libxml2's business. */
static enum encoding look(const char *text, size_t n)
{
	static const char key[] = "encoding=";
	const char *end, *p;

	if (n >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0 || !text[0] || !text[1]))
		return AS_IS;
	if (n < 5 || memcmp(text, "<?xml", 5) != 0)
		return UTF_8;
	end = memchr(text, '>', n);
	if (!end)
		return UTF_8;
	p = memmem(text, (size_t)(end - text), key, sizeof key - 1);
	if (!p || strncasecmp(p + sizeof key, "utf-8", 5) == 0 || strncasecmp(p + sizeof key, "utf8", 4) == 0)
		return UTF_8;
	return EIGHT_BIT;
}

static int is_plain(unsigned char c)
{
	return (c >= 0x20 && c < 0x80) || c == '\n' || c == '\t' || c == '\r';
}

/* Moves what is complete from raw to clean. */
static void mend(struct fp_xml *x, int last)
{
	const unsigned char *p = (const unsigned char *)x->raw.data;
	size_t n = x->raw.len, i = 0;

	while (i < n) {
		size_t run = i;
		utf8proc_int32_t c;
		utf8proc_ssize_t k = 1;

		while (run < n && (is_plain(p[run]) || (x->encoding == EIGHT_BIT && p[run] >= 0x80)))
			run++;
		fp_buf_add(&x->clean, p + i, run - i);
		i = run;
		if (i == n)
			break;
		if (p[i] >= 0x80) {
			if (n - i < 4 && !last)
				break; /* the rest of the character may come with the next piece */
			k = utf8proc_iterate(p + i, (utf8proc_ssize_t)(n - i), &c);
		}
		if (p[i] >= 0x80 && k > 0 && c != 0xFFFE && c != 0xFFFF)
			fp_buf_add(&x->clean, p + i, (size_t)k);
		else
			fp_buf_adds(&x->clean, x->encoding == UTF_8 ? "\xef\xbf\xbd" : "?");
		i += k > 0 ? (size_t)k : 1;
	}
	fp_buf_drop(&x->raw, i);
}

static enum fp_status broken(const struct fp_xml *x, struct fp_error *err)
{
	return fp_fail(err, FP_E_INVALID, "XML broken at line %d: %s", x->line ? x->line : 1, *x->fault ? x->fault : "it has no root");
}

/* What a function of TO said, if one failed. */
static enum fp_status failed(const struct fp_xml *x, struct fp_error *err)
{
	if (x->status != FP_OK && err)
		*err = x->err;
	return x->status;
}

static enum fp_status parse(struct fp_xml *x, int last, struct fp_error *err)
{
	struct fp_buf *from = &x->clean;
	int rc;

	if (x->encoding == AS_IS)
		from = &x->raw;
	else
		mend(x, last);
	rc = xmlParseChunk(x->ctxt, from->data, (int)from->len, last);
	fp_buf_clear(from);
	if (x->status != FP_OK)
		return failed(x, err);
	if (rc != 0 && x->ctxt->disableSAX && !x->line) { /* the two ends that libxml2 does not call faults of the text */
		x->line = xmlSAX2GetLineNumber(x->ctxt);
		snprintf(x->fault, sizeof x->fault, "%s", rc == XML_ERR_INVALID_ENCODING ? "it is not in the encoding that it declares" :
			"one of its texts is longer than 10 MB");
	}
	if (rc == XML_ERR_USER_STOP || (rc != 0 && (!x->ctxt->wellFormed || x->ctxt->disableSAX)))
		return fp_fail(err, FP_E_INVALID, "XML broken at line %d: %s", x->line ? x->line : 1, *x->fault ? x->fault : "not well formed");
	return FP_OK;
}

enum fp_status fp_xml_feed(struct fp_xml *x, const char *bytes, size_t n, struct fp_error *err)
{
	enum { PIECE = 1 << 20 };
	enum fp_status st = FP_OK;

	while (n > 0 && st == FP_OK) {
		size_t k = n < PIECE ? n : PIECE;
		fp_buf_add(&x->raw, bytes, k);
		bytes += k;
		n -= k;
		if (x->encoding == UNKNOWN) {
			if (x->raw.len < 200)
				continue;
			x->encoding = look(x->raw.data, x->raw.len);
		}
		st = parse(x, 0, err);
	}
	return st;
}

static enum fp_status parse_rest(struct fp_xml *x, struct fp_error *err)
{
	if (x->encoding == UNKNOWN)
		x->encoding = look(x->raw.data, x->raw.len);
	return parse(x, 1, err);
}

enum fp_status fp_xml_finish(struct fp_xml *x, xmlDoc **doc, struct fp_error *err)
{
	enum fp_status st = parse_rest(x, err);

	if (st != FP_OK)
		return st;
	if (!x->ctxt->wellFormed || !x->ctxt->myDoc || !xmlDocGetRootElement(x->ctxt->myDoc))
		return broken(x, err);
	*doc = x->ctxt->myDoc;
	x->ctxt->myDoc = NULL;
	return FP_OK;
}

enum fp_status fp_xml_end(struct fp_xml *x, struct fp_error *err)
{
	enum fp_status st = parse_rest(x, err);
	xmlDtd *dtd;

	if (st != FP_OK)
		return st;
	if (!x->ctxt->wellFormed || !x->ctxt->myDoc)
		return broken(x, err);
	dtd = x->ctxt->myDoc->intSubset; /* was handed on before the root */
	if (dtd) {
		xmlUnlinkNode((xmlNode *)dtd);
		xmlFreeDtd(dtd);
	}
	hand_on(x);
	return failed(x, err);
}

static int is_element(const xmlNode *n, const char *name)
{
	return n->type == XML_ELEMENT_NODE && strcmp((const char *)n->name, name) == 0;
}

const xmlNode *fp_xml_child(const xmlNode *parent, const char *name)
{
	for (const xmlNode *n = parent ? parent->children : NULL; n; n = n->next)
		if (is_element(n, name))
			return n;
	return NULL;
}

const xmlNode *fp_xml_next(const xmlNode *node)
{
	for (const xmlNode *n = node->next; n; n = n->next)
		if (is_element(n, (const char *)node->name))
			return n;
	return NULL;
}

const xmlNode *fp_xml_path(const xmlNode *from, const char *path)
{
	while (from && *path) {
		size_t n = strcspn(path, "/");
		char *name = fp_strndup(path, n);
		from = fp_xml_child(from, name);
		free(name);
		path += n + (path[n] == '/');
	}
	return from;
}

char *fp_xml_text(const xmlNode *node)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_add(&b, "", 0);
	for (const xmlNode *n = node ? node->children : NULL; n; n = n->next)
		if (n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE)
			fp_buf_adds(&b, (const char *)n->content);
	if (strspn(b.data, " \t\r\n") == b.len)
		fp_buf_clear(&b);
	return fp_buf_take(&b);
}

char *fp_xml_attr(const xmlNode *node, const char *name)
{
	xmlChar *v = node ? xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;
	char *s = fp_strdup(v ? (const char *)v : "");

	xmlFree(v);
	return s;
}

int fp_xml_attr_is(const xmlNode *node, const char *name, const char *value)
{
	char *v = fp_xml_attr(node, name);
	int same = strcmp(v, value) == 0;

	free(v);
	return same;
}
