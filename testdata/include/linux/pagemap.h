#pragma once
#include <linux/highmem.h>
#include <linux/mm.h>
struct address_space {
	unsigned long nrpages;
};
struct page *find_get_page(struct address_space *mapping, pgoff_t offset);
struct page *find_lock_page(struct address_space *mapping, pgoff_t index);
struct folio *filemap_get_folio(struct address_space *mapping, pgoff_t index);
struct page *read_mapping_page(struct address_space *mapping, pgoff_t index, struct file *file);
