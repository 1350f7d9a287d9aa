// SPDX-License-Identifier: MIT
/*
 * Threads of the kernel that moved payload which no transfer has:
 *
 *   note: Not in the transfers is what threads of the kernel moved: nfsd read 8.00 MiB and
 *         sent 8.02 MiB · loop0 wrote 4.00 MiB
 */
#include <string.h>

#include "render/text.h"
#include "util/humanise.h"
#include "util/utf8.h"

#define KTHREADS_SHOWN 8

static void add_moved(struct strbuf *line, const uint64_t *bytes)
{
	static const char *const words[CS_KTHREAD_MOVED_MAX] = {
		[CS_KTHREAD_READ] = "read",
		[CS_KTHREAD_WRITTEN] = "wrote",
		[CS_KTHREAD_SENT] = "sent",
		[CS_KTHREAD_RECEIVED] = "received",
	};
	const char *before = " ";

	for (int how = 0; how < CS_KTHREAD_MOVED_MAX; how++) {
		if (!bytes[how])
			continue;
		strbuf_printf(line, "%s%s ", before, words[how]);
		humanise_bytes(line, bytes[how]);
		before = ", ";
	}
}

void draw_kthreads(struct canvas *canvas, const struct report *report)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };
	size_t shown = report->nr_kthreads;

	if (!shown)
		return;
	if (!canvas->options->verbose && shown > KTHREADS_SHOWN)
		shown = KTHREADS_SHOWN;
	strbuf_puts(&line, ": Not in the transfers is what threads of the kernel moved: ");
	for (size_t i = 0; i < shown; i++) {
		const struct report_kthread *kthread = &report->kthreads[i];

		if (i)
			strbuf_puts(&line, canvas->glyphs->dot);
		if (kthread->name)
			escape_terminal(&line, kthread->name, strlen(kthread->name),
					canvas->options->utf8);
		else
			strbuf_puts(&line, "others");
		add_moved(&line, kthread->bytes);
	}
	if (shown < report->nr_kthreads)
		strbuf_printf(&line, "%s%s", canvas->glyphs->dot, canvas->glyphs->ellipsis);
	if (!(report->kthreads_seen >> CS_KTHREAD_SENT & 1))
		strbuf_puts(&line, " (what they sent is not known)");
	add_coloured(canvas, COLOUR_WARN, "note");
	add_wrapped(canvas, line.text, strlen("note"), 6);
}
