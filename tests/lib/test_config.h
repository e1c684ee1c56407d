/* A model's configuration made in a test: every default of its parameter table, then single fields by name. */
#ifndef TESTS_LIB_TEST_CONFIG_H
#define TESTS_LIB_TEST_CONFIG_H

#include "lazaret/model.h"

/* config_size bytes with every default; required parameters stay zero. Freed with g_free; NULL when the model
 * has no configuration. */
void *lz_test_config_new(const LzModel *model);
/* field: the C field's name ("sr_period_ns"), which must exist. value in the field's unit (enum: index). */
void lz_test_config_set(const LzModel *model, void *config, const char *field, double value);
void lz_test_config_set_text(const LzModel *model, void *config, const char *field, const char *text);
/* Where the field lies, for kinds that the setters do not know. */
void *lz_test_config_field(const LzModel *model, void *config, const char *field);
/* The limit in bytes of a queue, or of the one inside it. */
void lz_test_queue_limit(const LzModel *model, void *config, double limit_bytes);
/* Whether a queue has another inside, which may be this one. */
bool lz_test_queue_accepts(const LzModel *model, const LzModel *inner);
/* The queue inside a queue: another model, or the one that it has, with every default. Borrowed configuration: from
 * lz_test_config_new(), to be freed after the queue. */
void lz_test_queue_inside(const LzModel *model, void *config, const LzModel *inner, void *inner_config);

#endif
