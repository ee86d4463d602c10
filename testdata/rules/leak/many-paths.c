// So many conditions before and between three acquisitions that not all paths can be told apart: then those that differ in
// nothing that matters are one.
#include <linux/mm.h>

struct frame {
	unsigned long luma, chroma, alpha;
	int height, shift, mode, top, field;
};

static int rounded(int height, int to)
{
	if (height & (to - 1))
		height = (height + to) & ~(to - 1);
	return height;
}

int prepare_bad(struct frame *f)
{
	struct page *luma_pages[32], *chroma_pages[32], *alpha_pages[32];
	int luma, chroma, got_luma, got_chroma, got_alpha, rc = 0;

	luma = rounded(f->height, 16);
	chroma = rounded(f->height, 32);
	if (f->shift)
		luma += f->shift;
	if (f->mode == 1)
		chroma += 2;
	else if (f->mode == 2)
		chroma += 4;
	if (f->top)
		luma -= f->top;
	if (f->field)
		chroma /= 2;
	if (luma < 1 || luma > 24 || chroma < 1 || chroma > 24)
		return -EINVAL;
	got_luma = pin_user_pages_fast(f->luma, luma, 0, luma_pages);
	got_chroma = pin_user_pages_fast(f->chroma, chroma, 0, chroma_pages);
	got_alpha = pin_user_pages_fast(f->alpha, luma, 0, alpha_pages);
	if (got_luma != luma || got_chroma != chroma || got_alpha != luma)
		rc = -EFAULT;
	if (got_alpha > 0)
		unpin_user_pages(alpha_pages, got_alpha);
	if (got_chroma > 0)
		unpin_user_pages(chroma_pages, got_chroma);
	if (got_luma > 0)
		rc = -EIO;
	return rc; // expect: leak
}

int prepare_ok(struct frame *f)
{
	struct page *luma_pages[32], *chroma_pages[32], *alpha_pages[32];
	int luma, chroma, got_luma, got_chroma, got_alpha, rc = 0;

	luma = rounded(f->height, 16);
	chroma = rounded(f->height, 32);
	if (f->shift)
		luma += f->shift;
	if (f->mode == 1)
		chroma += 2;
	else if (f->mode == 2)
		chroma += 4;
	if (f->top)
		luma -= f->top;
	if (f->field)
		chroma /= 2;
	if (luma < 1 || luma > 24 || chroma < 1 || chroma > 24)
		return -EINVAL;
	got_luma = pin_user_pages_fast(f->luma, luma, 0, luma_pages);
	got_chroma = pin_user_pages_fast(f->chroma, chroma, 0, chroma_pages);
	got_alpha = pin_user_pages_fast(f->alpha, luma, 0, alpha_pages);
	if (got_luma != luma || got_chroma != chroma || got_alpha != luma)
		rc = -EFAULT;
	if (got_alpha > 0)
		unpin_user_pages(alpha_pages, got_alpha);
	if (got_chroma > 0)
		unpin_user_pages(chroma_pages, got_chroma);
	if (got_luma > 0)
		unpin_user_pages(luma_pages, got_luma);
	return rc;
}
