/* All error codes with their long texts. */
#ifndef SIM_SCENARIO_EXPLAIN_H
#define SIM_SCENARIO_EXPLAIN_H

typedef struct LzExplanation {
    const char *code, *text;
} LzExplanation;

/* Ends with code NULL; by code. */
extern const LzExplanation lz_explanations[];

#endif
