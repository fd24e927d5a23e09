package archtest

import (
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// CheckDocs reports each statement of the Markdown files that the tree
// contradicts: a relative link to no file or to no heading, and a make target
// that the Makefile lacks.
func CheckDocs(tree fs.FS) ([]string, error) {
	makefile, err := fs.ReadFile(tree, "Makefile")
	if err != nil {
		return nil, err
	}
	var faults []string
	err = walk(tree, func(name string) error {
		if path.Ext(name) != ".md" {
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		for _, link := range links(string(text)) {
			if fault := checkLink(tree, name, link); fault != "" {
				faults = append(faults, fmt.Sprintf("%s: link to %s: %s", name, link, fault))
			}
		}
		for _, target := range makeTargets(string(text)) {
			if !hasTarget(string(makefile), target) {
				faults = append(faults, fmt.Sprintf("%s: make %s: the Makefile has no such target", name, target))
			}
		}
		return nil
	})
	return faults, err
}

var (
	codeBlock  = regexp.MustCompile("(?ms)^[ \t]*(```|~~~).*?^[ \t]*(```|~~~)[ \t]*$")
	codeSpan   = regexp.MustCompile("`[^`\n]*`")
	indented   = regexp.MustCompile(`(?m)^(?: {4}|\t).*$`)
	inlineLink = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)`)
	namedLink  = regexp.MustCompile(`(?m)^ {0,3}\[[^\]^]+\]:\s*<?([^\s>]+)`)
	heading    = regexp.MustCompile(`(?m)^#{1,6}\s+(.+?)\s*#*\s*$`)
	// A whole line of code, or a code span: not "make sure" in prose.
	makeCommand = regexp.MustCompile(`(?m)^\s*(?:\$ )?make((?: [a-z][a-z-]*)+)(?: [A-Z_]+=.*| *#.*)?$`)
)

// links returns the targets of a document's links, without those in code.
func links(text string) []string {
	text = codeSpan.ReplaceAllString(codeBlock.ReplaceAllString(text, ""), "")
	var targets []string
	for _, re := range []*regexp.Regexp{inlineLink, namedLink} {
		for _, m := range re.FindAllStringSubmatch(text, -1) {
			targets = append(targets, m[1])
		}
	}
	return targets
}

// checkLink says what is wrong with a link in the document name, or "". Links
// that leave the tree are not followed: tests need no network.
func checkLink(tree fs.FS, name, link string) string {
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return err.Error()
	case u.Scheme != "" || u.Host != "":
		return ""
	case strings.HasPrefix(u.Path, "/"):
		return "an absolute path means something else on every machine"
	}
	target := name
	if u.Path != "" {
		target = path.Join(path.Dir(name), u.Path)
	}
	if !fs.ValidPath(target) {
		return "it leads out of the project"
	}
	if _, err := fs.Stat(tree, target); err != nil {
		return "no such file"
	}
	if u.Fragment == "" || path.Ext(target) != ".md" {
		return ""
	}
	text, err := fs.ReadFile(tree, target)
	if err != nil {
		return err.Error()
	}
	if !slices.Contains(anchors(string(text)), u.Fragment) {
		return "no such heading"
	}
	return ""
}

// anchors returns the fragments by which a document's headings are linked to,
// as the usual renderers make them: lower case, spaces as hyphens, punctuation
// dropped, a repeated one numbered.
func anchors(text string) []string {
	var all []string
	seen := make(map[string]int)
	for _, m := range heading.FindAllStringSubmatch(codeBlock.ReplaceAllString(text, ""), -1) {
		a := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, m[1])
		n := seen[a]
		seen[a]++
		if n > 0 {
			a = fmt.Sprintf("%s-%d", a, n)
		}
		all = append(all, a)
	}
	return all
}

// makeTargets returns what a document's code tells make to build. Code is
// between fences, indented by four spaces, or in a span.
func makeTargets(text string) []string {
	code := codeBlock.FindAllString(text, -1)
	text = codeBlock.ReplaceAllString(text, "")
	code = append(code, indented.FindAllString(text, -1)...)
	for _, span := range codeSpan.FindAllString(text, -1) {
		code = append(code, strings.Trim(span, "`"))
	}
	var targets []string
	for _, c := range code {
		for _, m := range makeCommand.FindAllStringSubmatch(c, -1) {
			targets = append(targets, strings.Fields(m[1])...)
		}
	}
	return targets
}

func hasTarget(makefile, target string) bool {
	for line := range strings.Lines(makefile) {
		names, _, ok := strings.Cut(line, ":")
		if ok && !strings.HasPrefix(line, "\t") && slices.Contains(strings.Fields(names), target) {
			return true
		}
	}
	return false
}
