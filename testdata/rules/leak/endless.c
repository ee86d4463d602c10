//@ clean
// A transfer that either pins what the user gave or allocates pages of its own, in many ways, and then is a loop in a loop: more
// statements than a function is worth, unless what the ways differ in is passed over. What is wrong then is in doubt.
#include <linux/mm.h>
#include <linux/slab.h>

struct tape_buffer {
	struct page **mapped;
	int direct;
	struct page **own;
	struct page *spare, *label;
	int own_nr, limit, order, size, filled, result, sense, flags, rest, left_valid;
};

struct tape {
	struct tape_buffer *buffer;
	int block, fixed, dirty, eof, drive_block, drive_file, may_wait, is_async, stop, cleared;
};

int device_io(int bytes, int block);
int device_sense(int bytes);

static int tape_pin(struct tape_buffer *buffer, unsigned long start, int nr)
{
	struct page **pages;
	int got;

	if (nr > buffer->limit)
		return -ENOMEM;
	pages = kmalloc_array(nr, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	got = pin_user_pages_fast(start, nr, FOLL_WRITE, pages); // balanced
	if (got < nr) {
		if (got > 0)
			unpin_user_pages(pages, got);
		kfree(pages);
		return -EFAULT;
	}
	buffer->mapped = pages;
	return nr;
}

static void tape_unpin(struct tape_buffer *buffer)
{
	if (!buffer->direct)
		return;
	unpin_user_pages_dirty_lock(buffer->mapped, buffer->direct, true);
	kfree(buffer->mapped);
	buffer->mapped = NULL;
	buffer->direct = 0;
}

static void tape_shrink(struct tape_buffer *buffer)
{
	int i;

	for (i = 0; i < buffer->own_nr; i++) {
		__free_pages(buffer->own[i], buffer->order);
		buffer->size -= PAGE_SIZE << buffer->order;
	}
	buffer->own_nr = 0;
	buffer->order = 0;
}

static int tape_grow(struct tape_buffer *buffer, int size)
{
	int nr, got;

	if (size <= buffer->size)
		return 0;
	if (buffer->size <= PAGE_SIZE)
		tape_shrink(buffer);
	if (!buffer->own_nr)
		buffer->order = size > 65536 ? 3 : 0;
	for (nr = buffer->own_nr, got = buffer->size; nr < buffer->limit && got < size; nr++) {
		struct page *page = alloc_pages(GFP_KERNEL, buffer->order);

		if (!page) {
			tape_shrink(buffer);
			return -ENOMEM;
		}
		buffer->own_nr++;
		got += PAGE_SIZE << buffer->order;
		buffer->size = got;
		buffer->own[nr] = page;
	}
	return 0;
}

/* Pins the user's buffer, or makes the device's own one large enough. */
static int tape_setup(struct tape *tape, unsigned long start, int count)
{
	struct tape_buffer *buffer = tape->buffer;
	int got, size;

	if (tape->may_wait && !(start & 511)) {
		got = tape_pin(buffer, start, count);
		buffer->direct = got > 0 ? got : 0;
		if (got > 0)
			buffer->filled = 0;
	} else {
		buffer->direct = 0;
	}
	if (buffer->direct)
		return 0;
	size = tape->fixed ? tape->block : count;
	if (size > buffer->size && tape_grow(buffer, size))
		return -ENOMEM;
	if (tape->fixed)
		buffer->flags = size / tape->fixed;
	if (tape->is_async && !buffer->spare)
		buffer->spare = alloc_page(GFP_KERNEL);
	if (tape->drive_file && !buffer->label)
		buffer->label = alloc_page(GFP_KERNEL);
	return 0;
}

static int tape_command(struct tape *tape, int bytes)
{
	struct tape_buffer *buffer = tape->buffer;

	buffer->sense = 0;
	buffer->result = device_io(bytes, tape->block);
	if (buffer->result) {
		buffer->sense = device_sense(bytes);
		buffer->flags = device_sense(bytes + 1);
		buffer->rest = device_sense(bytes + 2);
		buffer->left_valid = device_sense(bytes + 3);
	}
	return buffer->result;
}

long tape_write_ok(struct tape *tape, unsigned long start, int count)
{
	struct tape_buffer *buffer = tape->buffer;
	int total = count, retry = 0, part, blocks, bytes, undone, tries;
	long err;

	err = tape_setup(tape, start, count);
	if (err)
		goto out;
	while (count > 0 && !retry) {
		part = count;
		if (!buffer->direct && tape->block && part > buffer->size - buffer->filled)
			part = buffer->size - buffer->filled;
		count -= part;
		if (tape->block && tape->is_async && !tape->may_wait && tape->eof < 2 && buffer->filled < buffer->size) {
			tape->dirty = 1;
			if (count == 0)
				break;
		}
retry:
		if (!tape->block) {
			blocks = bytes = part;
		} else {
			blocks = (buffer->direct ? part : buffer->filled) / tape->block;
			bytes = blocks * tape->block;
		}
		for (tries = 0; tape_command(tape, bytes) == -EAGAIN; tries++) {
			if (tries == tape->stop) {
				err = -EIO;
				goto out;
			}
			if (buffer->flags & 16)
				tape->cleared = 0;
		}
		if (buffer->result) {
			if (buffer->sense && (buffer->flags & 64)) {
				if (buffer->left_valid)
					undone = buffer->rest;
				else if (!tape->block && buffer->sense == 13)
					undone = bytes;
				else
					undone = 0;
				if (tape->block)
					undone *= tape->block;
				if (undone <= part) {
					count += undone;
					part -= undone;
					if (tape->block)
						blocks = (bytes - undone) / tape->block;
					tape->eof = 2;
					if (!tape->block || undone > 0 || !count)
						err = -ENOSPC;
				} else if (!retry && !tape->cleared && (buffer->sense == 1 || buffer->sense == 0)) {
					buffer->filled -= bytes - undone;
					retry = 1;
					if (tape->drive_block >= 0)
						tape->drive_block += (bytes - undone) / tape->block;
					tape->eof = 2;
					goto retry;
				} else {
					count -= part;
					blocks = part = 0;
					tape->eof = 3;
					tape->drive_block = -1;
					err = -EIO;
				}
			} else {
				count += part;
				tape->drive_block = -1;
				err = buffer->result;
			}
		}
		if (tape->drive_block >= 0)
			tape->drive_block += tape->block ? blocks : part > 0;
		buffer->filled = 0;
		tape->dirty = 0;
		if (err || retry) {
			if (count < total)
				err = total - count;
			goto out;
		}
	}
	tape->eof = tape->eof == 1 ? 2 : 0;
	err = total - count;
out:
	tape_unpin(buffer);
	return err;
}
