#pragma once
#include <linux/bio.h>
#include <linux/list.h>
#include <linux/pagemap.h>

struct segment {
	struct bio *bio;
	struct block_device *bdev;
	unsigned int n_pages;
};

int segment_open(struct segment *segment, struct block_device *bdev, bool is_gup);
int segment_add(struct segment *segment, struct page *page);
void segment_submit(struct segment *segment);
