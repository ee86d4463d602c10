#pragma once
#include <linux/list.h>
struct work_struct;
typedef void (*work_func_t)(struct work_struct *work);
struct work_struct {
	atomic_long_t data;
	struct list_head entry;
	work_func_t func;
};
#define INIT_WORK(work, handler) do {					\
		INIT_LIST_HEAD(&(work)->entry);				\
		(work)->func = (handler);				\
	} while (0)
bool schedule_work(struct work_struct *work);
bool cancel_work_sync(struct work_struct *work);
void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));
