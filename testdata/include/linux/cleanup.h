#pragma once
#define __free(type) __attribute__((__cleanup__(__free_##type)))
static inline void __free_kfree(void *p)
{
	extern void kfree(const void *p);
	kfree(*(void **)p);
}
