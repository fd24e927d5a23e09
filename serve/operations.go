package serve

// operations are what a client may ask for, besides hello, free and cancel. What each
// is told and answers is in docs/protocol.md.
var operations map[string]operation

func init() {
	operations = map[string]operation{
		"status":         with(status),
		"guess":          with(guess),
		"open":           with(open),
		"node":           inTree(lookUp),
		"has":            inTree(has),
		"children":       inTree(children),
		"attrs":          inTree(setAttrs),
		"create-group":   inTree(createGroup),
		"create-link":    inTree(createLink),
		"create-dataset": inTree(createDataset),
		"delete":         inTree(remove),
		"move":           inTree(move),
		"copy":           inTree(copyNode),
		"sync":           inTree(syncTree),
		"verify-tree":    inTree(verifyTree),
		"lock":           with(acquire),
		"unlock":         with(release),
		"read":           ofDataset(read),
		"write":          ofDataset(write),
		"append":         ofDataset(appendTo),
		"resize":         ofDataset(resize),
		"clear":          ofDataset(clearDataset),
		"clone":          ofDataset(clone),
		"usage":          ofDataset(usage),
		"stored-chunks":  ofDataset(storedChunks),
		"verify":         ofDataset(verifyDataset),
		"chunk":          ofDataset(chunk),
		"alloc":          with(alloc),
	}
}
