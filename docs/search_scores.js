// Scores of search results: those of Sphinx, but short answers come before methods of the
// same name. Sphinx uses either all of its own scores or all of these.
var Scorer = {
  score: ([docname, , , , score]) => (docname === "how_do_i" ? score + 25 : score),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
