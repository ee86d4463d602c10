#pragma once
#include <linux/workqueue.h>

typedef void (closure_fn)(struct work_struct *work);

struct closure {
	struct work_struct work;
	closure_fn *fn;
	struct closure *parent;
};

static inline void closure_init(struct closure *cl, struct closure *parent)
{
	cl->fn = NULL;
	cl->parent = parent;
}

static inline void set_closure_fn(struct closure *cl, closure_fn *fn)
{
	cl->fn = fn;
}

void closure_put(struct closure *cl);

static inline void closure_sync(struct closure *cl)
{
	while (cl->fn)
		;
}
