//! Mail addresses as MAINTAINERS and `.mailmap` write them, read and written as scripts/get_maintainer.pl does. Pure.

use std::collections::BTreeMap;

/// `Name <address>`; the name may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mailbox {
    pub(crate) name: String,
    pub(crate) address: String,
}

impl Mailbox {
    /// `None` where no address is in it (`parse_email` of the script).
    pub(crate) fn parse(text: &str) -> Option<Mailbox> {
        let (name, address) = match (text.find('<'), text.rfind('>')) {
            (Some(open), Some(close)) if open < close && text[open..close].contains('@') => {
                (&text[..open], &text[open + 1..close])
            }
            _ => ("", text.split_whitespace().next().unwrap_or_default()),
        };
        let name = name.trim().trim_matches('"').to_owned();
        let address = address.trim().to_owned();
        address.contains('@').then_some(Mailbox { name, address })
    }

    /// Quoted where a mail header wants it. The script also quotes what is not ASCII.
    pub(crate) fn text(&self) -> String {
        let is_plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | ' ' | '-');
        match self.name.as_str() {
            "" => self.address.clone(),
            name if name.chars().all(is_plain) => format!("{name} <{}>", self.address),
            name => format!("\"{}\" <{}>", name.replace('"', "\\\""), self.address),
        }
    }
}

/// `.mailmap`: names and addresses that people no longer use, with those that they do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mailmap {
    /// Both by a whole mailbox as text, or by an address.
    names: BTreeMap<String, String>,
    addresses: BTreeMap<String, String>,
}

impl Mailmap {
    /// One line a person, in one of the four forms of git-shortlog(1): `Name <address>`, `<new> <old>`, `Name <new> <old>`,
    /// `Name <new> Old Name <old>`.
    pub(crate) fn parse(text: &str) -> Mailmap {
        let mut map = Mailmap::default();
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default().trim();
            map.add(line);
        }
        map
    }

    fn add(&mut self, line: &str) -> Option<()> {
        let (name, rest) = line.split_once('<')?;
        let (new, rest) = rest.split_once('>')?;
        let (name, rest) = (name.trim().trim_matches('"'), rest.trim());
        let Some((old_name, old)) = rest.split_once('<') else {
            self.names.insert(new.to_owned(), name.to_owned());
            return Some(());
        };
        let (old_name, old) = (old_name.trim().trim_matches('"'), old.strip_suffix('>')?);
        let key = match old_name {
            "" => old.to_owned(),
            name => Mailbox { name: name.to_owned(), address: old.to_owned() }.text(),
        };
        if !name.is_empty() {
            self.names.insert(key.clone(), name.to_owned());
        }
        self.addresses.insert(key, new.to_owned());
        Some(())
    }

    /// The mailbox that is in use today.
    pub(crate) fn today(&self, mailbox: &Mailbox) -> Mailbox {
        let whole = mailbox.text();
        let is_known = self.names.contains_key(&whole) || self.addresses.contains_key(&whole);
        let key = if is_known { &whole } else { &mailbox.address };
        Mailbox {
            name: self.names.get(key).unwrap_or(&mailbox.name).clone(),
            address: self.addresses.get(key).unwrap_or(&mailbox.address).clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        Mailbox::parse(text).map(|mailbox| mailbox.text()).unwrap_or_default()
    }

    #[test]
    fn names_are_quoted_where_they_must() {
        assert_eq!(read("A B-C <a@b>"), "A B-C <a@b>");
        assert_eq!(read("\"Lee, Chun-Yi\" <j@s.com>"), "\"Lee, Chun-Yi\" <j@s.com>");
        assert_eq!(read("Jörg <j@s.com> (note)"), "\"Jörg\" <j@s.com>");
        assert_eq!(read("a@b.c (moderated)"), "a@b.c");
        assert_eq!(read("nobody"), "");
    }

    #[test]
    fn people_are_named_as_today() {
        let map =
            Mailmap::parse("# x\nNew Name <n@x>\n<new@x> <old@x>\nB <b@x> <b@old> # moved\nC D <c@x> Old C <c@old>\nbroken <\n");
        let today = |text: &str| map.today(&Mailbox::parse(text).unwrap()).text();
        assert_eq!(today("Old Name <n@x>"), "New Name <n@x>");
        assert_eq!(today("A <old@x>"), "A <new@x>");
        assert_eq!(today("Bee <b@old>"), "B <b@x>");
        assert_eq!(today("Old C <c@old>"), "C D <c@x>");
        assert_eq!(today("Other <c@old>"), "Other <c@old>");
    }
}
