//! Edits of C that change nothing about what it does: lines, layout, names of locals. Given a number, the same edit again.

use gup_ir::Unit;

/// One edit of a source. The number chooses the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Comment lines and blank ones between two lines.
    Lines(u32),
    /// A function that has nothing to do with the others, above them.
    Function(u32),
    /// Blanks in place of the tabs that lines begin with, from some line on.
    Indentation(u32),
    /// A line broken behind a comma or an opening bracket.
    Break(u32),
    /// A line joined with the next one.
    Join(u32),
    /// Another name for a parameter or a local.
    Rename(u32),
}

impl Edit {
    /// The edited text; `None` where there is no place for it. `unit`: the source as it was read.
    pub fn apply(self, text: &str, unit: &Unit) -> Option<String> {
        let lines: Vec<&str> = text.lines().collect();
        let (number, mut out) = (self.number(), lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>());
        let ends = |line: &str| line.ends_with([';', '{', '}']) && !line.starts_with('#');
        match self {
            Edit::Lines(_) => {
                let at = chosen(&lines, number, |line| ends(line))?;
                out.insert(at + 1, format!("\n// edit {number}\n"));
            }
            Edit::Function(_) => {
                let at = lines.iter().rposition(|line| line.starts_with("#include"))?;
                out.insert(at + 1, format!("\nstatic inline int edit_{number}(int x)\n{{\n\treturn x;\n}}\n"));
            }
            Edit::Indentation(_) => {
                let from = number as usize % lines.len().max(1);
                out.iter_mut().skip(from).for_each(|line| *line = line.replace('\t', "    "));
            }
            Edit::Break(_) => {
                let at = chosen(&lines, number, |line| break_in(line).is_some())?;
                let place = break_in(lines[at])?;
                out[at].insert_str(place, "\n\t\t\t");
            }
            Edit::Join(_) => {
                let at = chosen(&lines, number, |line| line.ends_with(',') && is_plain(line))?;
                let next = (at + 1 < out.len()).then(|| out.remove(at + 1))?;
                out[at].push_str(&format!(" {}", next.trim_start()));
            }
            Edit::Rename(_) => return renamed(text, unit, number),
        }
        Some(out.join("\n") + "\n")
    }

    fn number(self) -> u32 {
        match self {
            Edit::Lines(number) | Edit::Function(number) | Edit::Indentation(number) => number,
            Edit::Break(number) | Edit::Join(number) | Edit::Rename(number) => number,
        }
    }
}

/// The n-th line, in turn, that passes the test.
fn chosen(lines: &[&str], number: u32, test: impl Fn(&str) -> bool) -> Option<usize> {
    let fitting: Vec<usize> = (0..lines.len()).filter(|at| test(lines[*at])).collect();
    (!fitting.is_empty()).then(|| fitting[number as usize % fitting.len()])
}

/// Neither directive nor comment nor string.
fn is_plain(line: &str) -> bool {
    line.starts_with(['\t', ' ']) && !line.contains(['"', '\'', '\\', '#']) && !line.contains("//") && !line.contains('*')
}

/// Behind the first comma or bracket of a line that may be broken.
fn break_in(line: &str) -> Option<usize> {
    is_plain(line).then(|| line.find(['(', ',']).map(|at| at + 1))?
}

/// Renames a local within its function. Names that are also members are left: a macro may take them as such, as
/// `container_of(work, struct job, work)` does.
fn renamed(text: &str, unit: &Unit, number: u32) -> Option<String> {
    let is_member = |name: &str| {
        let is_after = |at: usize| text[..at].ends_with('.') || text[..at].ends_with("->") || follows_structure(&text[..at]);
        words(text).any(|(at, word)| word == name && is_after(at))
    };
    let is_ours = |function: &&gup_ir::Function| function.pos.file.0 == 0;
    let all = unit
        .functions
        .iter()
        .filter(is_ours)
        .flat_map(|function| function.locals.iter().map(move |local| (function, &local.name)));
    let named: Vec<_> = all.filter(|(_, name)| words(text).any(|(_, word)| word == name.as_str()) && !is_member(name)).collect();
    let (function, name) = named.get(number as usize % named.len().max(1))?;
    let (start, end) = range(text, function.pos.line as usize)?;
    let mut out = String::new();
    let mut done = 0;
    for (at, word) in words(text).filter(|(at, word)| (start..end).contains(at) && *word == name.as_str()) {
        let before = text[..at].trim_end();
        let is_tag = ["struct", "union", "enum"].iter().any(|keyword| before.ends_with(keyword));
        if !is_tag {
            out.push_str(&text[done..at]);
            out.push_str(&format!("{word}_{number}"));
            done = at + word.len();
        }
    }
    out.push_str(&text[done..]);
    Some(out)
}

/// Does the text end in `struct name,`?
fn follows_structure(text: &str) -> bool {
    let Some(before) = text.trim_end().strip_suffix(',') else { return false };
    let mut last = before.split_whitespace().rev();
    let name = last.next().unwrap_or_default();
    last.next().is_some_and(|word| word.ends_with("struct")) && words(name).eq([(0, name)])
}

/// From the line of a function's name to the brace in the first column that ends it.
fn range(text: &str, line: usize) -> Option<(usize, usize)> {
    let start = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum::<usize>();
    Some((start, start + text.get(start..)?.find("\n}")?))
}

/// Identifiers with their places.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text.get(at..)?.find(is_part)?;
        let end = text[start..].find(|char| !is_part(char)).map_or(text.len(), |length| start + length);
        at = end;
        Some((start, &text[start..end]))
    })
}
