# SPDX-License-Identifier: MIT
# copyscope: make help lists the targets.

VERSION := 0.1.0
BUILD := build
Q := $(if $(V),,@)
say = @printf '  %-7s %s\n' $(1) $(2)

CC ?= cc
CLANG ?= clang
BPFTOOL ?= $(shell PATH="$$PATH:/usr/sbin:/sbin" command -v bpftool || echo bpftool)
TRIPLET := $(shell $(CC) -print-multiarch 2>/dev/null)

WARN := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Werror
CFLAGS ?= -O2 -g
override CFLAGS += -std=gnu11 $(WARN) -D_GNU_SOURCE -DVERSION='"$(VERSION)"' \
	-I. -Iuser -I$(BUILD)
LDLIBS := -lbpf -lelf -lz -lm
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_x86 -I. \
	-I/usr/include/$(TRIPLET) -Wall -Wextra -Werror -Wno-unused-parameter

# The linker needs a map's definition before its first use.
BPF_OBJS := $(patsubst bpf/%.c,$(BUILD)/bpf/%.o,bpf/ledger.bpf.c \
	$(filter-out bpf/ledger.bpf.c,$(wildcard bpf/*.bpf.c)))
PURE_SRC := $(wildcard user/model/*.c user/render/*.c user/util/*.c)
USER_SRC := $(PURE_SRC) user/main.c $(wildcard user/cmd/*.c user/collect/*.c)
USER_OBJS := $(patsubst %.c,$(BUILD)/%.o,$(USER_SRC))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all clean help

all: $(BUILD)/copyscope

$(BUILD)/copyscope: $(USER_OBJS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/user/%.o: user/%.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/user/collect/%.o: | $(BUILD)/copyscope.skel.h

$(BUILD)/copyscope.skel.h: $(BUILD)/copyscope.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name copyscope_bpf > $@

$(BUILD)/copyscope.bpf.o: $(BPF_OBJS)
	$(call say,BPFLINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(BUILD)/bpf/%.o: bpf/%.c
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<

-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d)

clean: ## remove what was built
	$(Q)rm -rf $(BUILD)

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' Makefile | expand -t 24
