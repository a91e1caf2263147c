/* Between the files of this room: the XML of a project and of the projects that it embeds. */
#ifndef FP_PROJECT_READER_H
#define FP_PROJECT_READER_H

#include <jansson.h>

#include "engine/project/project.h"
#include "engine/project/xml.h"

#define FP_PROJECTS_MAX 32  /* projects that one project may embed layers from (1.4) */
#define FP_LAYERS_MAX 10000 /* what comes after is noted and left out; QGIS itself is unusable far below */
#define FP_NOTES_MAX 200
#define FP_DIRS_MAX 100
#define FP_JOINED_MAX 200000 /* names of joined fields in all layers; the join that passes it is the last one */
#define FP_TEXT_MAX (16 << 10) /* bytes of a name, a source, any text: what is longer is cut */

struct fp_reader {
	struct fp_project *project;
	struct {
		char *path, *home;
		xmlDoc *doc;               /* NULL: it cannot be read */
	} docs[1 + FP_PROJECTS_MAX];       /* the project itself first */
	size_t n_docs;
	const xmlNode **nodes;             /* the <maplayer> of each layer, parallel to the project's layers until they are sorted */
	size_t n_nodes, cap_nodes;
	json_t *ids;                       /* the index of each layer by its id, until they are sorted */
	json_t *numbers;                   /* the last number that was given to another layer of an id */
	size_t n_joined;
};

/* fp_xml_text() and fp_xml_attr(), cut. */
char *fp_reader_text(const xmlNode *node);
char *fp_reader_attr(const xmlNode *node, const char *name);

/* Reads the XML of the project at PATH and keeps it in docs. */
enum fp_status fp_reader_open(struct fp_reader *r, const char *path, struct fp_error *err);
void fp_reader_clear(struct fp_reader *r);

/* Fills the project's layers, sorted, from docs[0] and what it embeds. */
void fp_reader_layers(struct fp_reader *r);

/* Fills title, CRS, extent and the like; the layers have been read. */
void fp_reader_facts(struct fp_reader *r);

/* "EPSG:2056", "" for none and for the private CRS of one computer. SPATIALREFSYS may be NULL. Caller frees. */
char *fp_reader_crs(const xmlNode *spatialrefsys);

/* Four finite numbers, the smaller ones first. */
int fp_reader_extent_valid(const double e[4]);

/* The extent written as child elements xmin, ymin, xmax, ymax of NODE. 1 when it is complete and valid. */
int fp_reader_extent(double e[4], const xmlNode *node);

#endif
