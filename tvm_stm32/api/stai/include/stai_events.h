/* SPDX-License-Identifier: Apache-2.0 */
/* What a callback given to stai_<model>_set_callback is told. */
#ifndef STAI_EVENTS_H
#define STAI_EVENTS_H

#include "stai.h"

#define STAI_EVENT_NONE 0
#define STAI_EVENT_NODE_START 1 /* before a node; the payload is a stai_event_node_start_stop */
#define STAI_EVENT_NODE_STOP 2  /* after it */

typedef struct {
    int32_t node_id;  /* position in the run, from 0; index into the details of stai_network_details */
    int32_t type;     /* operator, as TensorFlow Lite's schema numbers them (BuiltinOperator) */
    const char *name; /* layer's name in the model file */
} stai_event_node_start_stop;

#endif /* STAI_EVENTS_H */
