// SPDX-License-Identifier: MIT
#include <string.h>

#include "render/text.h"
#include "util/utf8.h"

static const struct glyphs utf8_glyphs = {
	.arrow = " → ",
	.dot = STICK "· ",
	.times = "×",
	.yes = "✔",
	.line = "─",
	.dashes = "╌",
	.tip = "▶",
	.ellipsis = "…",
};

static const struct glyphs ascii_glyphs = {
	.arrow = " -> ",
	.dot = ", ",
	.times = "x",
	.yes = "ok",
	.line = "-",
	.dashes = ".",
	.tip = ">",
	.ellipsis = "...",
};

void canvas_begin(struct canvas *canvas, const struct render_options *options)
{
	*canvas = (struct canvas){
		.options = options,
		.glyphs = options->utf8 ? &utf8_glyphs : &ascii_glyphs,
		.width = options->width ? options->width : (size_t)1 << 20,
	};
	/* Below this there is nothing left to fold. */
	if (canvas->width < 40)
		canvas->width = 40;
}

void add_coloured(struct canvas *canvas, enum colour colour, const char *text)
{
	static const char *const codes[] = {
		[COLOUR_GOOD] = "32",
		[COLOUR_BAD] = "1;31",
		[COLOUR_WARN] = "33",
		[COLOUR_NAME] = "1",
	};

	if (canvas->options->colour)
		strbuf_printf(&canvas->out, "\033[%sm%s\033[0m", codes[colour], text);
	else
		strbuf_puts(&canvas->out, text);
}

static void add_unstuck(struct strbuf *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		strbuf_putc(out, text[i] == STICK[0] ? ' ' : text[i]);
}

void add_wrapped(struct canvas *canvas, const char *text, size_t column, size_t indent)
{
	while (*text) {
		size_t blanks = strspn(text, " "), word = strcspn(text + blanks, " ");
		_cleanup_strbuf_ struct strbuf piece = { 0 };
		size_t width;

		add_unstuck(&piece, text + blanks, word);
		text += blanks + word;
		width = utf8_width(strbuf_text(&piece));
		if (column > indent && column + blanks + width > canvas->width) {
			strbuf_putc(&canvas->out, '\n');
			blanks = indent;
			column = 0;
		}
		strbuf_repeat(&canvas->out, " ", word ? blanks : 0);
		strbuf_puts(&canvas->out, strbuf_text(&piece));
		column += blanks + width;
	}
	strbuf_putc(&canvas->out, '\n');
}

static void add_inode(struct strbuf *out, const struct report_endpoint *endpoint)
{
	if (endpoint->has_inode)
		strbuf_printf(out, " %u:%u:%llu", endpoint->dev_major, endpoint->dev_minor,
			      (unsigned long long)endpoint->ino);
}

void add_endpoint(struct strbuf *out, const struct canvas *canvas,
		  const struct report_endpoint *endpoint)
{
	bool plain = endpoint->kind == CS_KIND_FILE || endpoint->kind == CS_KIND_DEVICE ||
		     endpoint->kind == CS_KIND_PIPE;

	if (!endpoint->known) {
		strbuf_puts(out, "lost endpoint");
		add_inode(out, endpoint);
		return;
	}
	if (endpoint->kind == CS_KIND_MEMORY) {
		strbuf_puts(out, endpoint->resolved ? "memory" : "memory (unresolved)");
		if (endpoint->has_process) {
			strbuf_puts(out, " of ");
			escape_terminal(out, endpoint->comm, strlen(endpoint->comm),
					canvas->options->utf8);
			strbuf_printf(out, "[%u]", endpoint->pid);
		}
		return;
	}
	if (!endpoint->path) {
		strbuf_puts(out, kind_word(endpoint->kind));
		if (endpoint->kind == CS_KIND_UNIX)
			strbuf_printf(out, ":%llu", (unsigned long long)endpoint->ino);
		else
			add_inode(out, endpoint);
		return;
	}
	if (!plain)
		strbuf_printf(out, "%s ", kind_word(endpoint->kind));
	if (endpoint->path_cut)
		strbuf_puts(out, canvas->glyphs->ellipsis);
	escape_terminal(out, endpoint->path, strlen(endpoint->path), canvas->options->utf8);
	if (endpoint->deleted)
		strbuf_puts(out, " (deleted)");
}
