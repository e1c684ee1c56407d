/* YAML as a small tree with the place of every word. The only user of libyaml is tree.c: it reads the
 * event stream, because libyaml's document loader has no caps. Input is not trusted. */
#ifndef SIM_SCENARIO_TREE_H
#define SIM_SCENARIO_TREE_H

#include "sim/scenario/arena.h"
#include "sim/scenario/report.h"

#define LZ_YAML_BYTES_MAX (1024u * 1024u)       /* of one file */
#define LZ_YAML_DEPTH_MAX 32                    /* of nested lists and maps, aliases followed */
#define LZ_YAML_ALIASES_MAX 10000               /* alias expansions, nested ones counted */
#define LZ_YAML_ANCHORS_MAX 1000
#define LZ_YAML_NODES_MAX 2000000               /* nodes, aliases followed */

typedef enum { LZ_NODE_SCALAR, LZ_NODE_LIST, LZ_NODE_MAP } LzNodeKind;

typedef struct LzNode LzNode;

typedef struct LzEntry {
    LzNode *key;                /* a scalar */
    LzNode *value;
} LzEntry;

struct LzNode {
    LzNodeKind kind;
    bool is_plain;              /* SCALAR: not quoted */
    LzMark mark;
    unsigned length;            /* of the caret, >= 1 */
    const char *text;           /* SCALAR; without NUL inside */
    LzNode **items;             /* LIST */
    LzEntry *entries;           /* MAP: keys are unique, merged ones (`<<`) behind the own ones */
    unsigned count;             /* of items or entries */
    unsigned depth;             /* levels of lists and maps in it; 0 for a scalar */
    unsigned weight;            /* nodes in it, aliases followed */
    unsigned aliases;           /* alias expansions in it */
};

/* The tree of one document; everything is in the arena. NULL when the text is not YAML or passes a cap;
 * duplicate keys are reported and the first one is kept. */
LzNode *lz_tree_parse(LzReport *report, LzArena *arena, const char *file, const char *text, size_t size);
/* The same for a value on the command line: its marks are `file` without line. */
LzNode *lz_tree_parse_value(LzReport *report, LzArena *arena, const char *file, const char *text);

/* NULL when the map (or whatever it is, also NULL) has no such key. */
LzEntry *lz_node_find(const LzNode *node, const char *key);
/* Value below a chain of keys, ended by NULL. */
const LzNode *lz_node_get(const LzNode *node, ...) G_GNUC_NULL_TERMINATED;

/* A map entry's text when it is a scalar, else NULL. */
const char *lz_node_text(const LzNode *node, const char *key);

#endif
