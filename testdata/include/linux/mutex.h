#pragma once
#include <linux/types.h>
struct mutex { atomic_long_t owner; };
void mutex_init(struct mutex *lock);
void mutex_lock(struct mutex *lock);
void mutex_unlock(struct mutex *lock);
