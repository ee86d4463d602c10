/* Guests' pages by their number: what the fixtures use of it. */
#ifndef _LINUX_KVM_HOST_H
#define _LINUX_KVM_HOST_H

#include <linux/mm.h>

struct page *kvm_pfn_to_refcounted_page(u64 pfn);

#endif
