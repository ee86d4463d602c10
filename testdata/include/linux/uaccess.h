#pragma once
#include <linux/types.h>
unsigned long copy_from_user(void *to, const void *from, unsigned long n);
unsigned long copy_to_user(void *to, const void *from, unsigned long n);
void *memdup_user(const void *from, size_t size);
