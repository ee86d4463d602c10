//! Text to IR.

use super::cursor::{ParseError, Parsed, Parser};
use super::lex::Token;
use super::{has_own_name, struct_at};
use crate::{
    Base, BasicBlock, BinaryOp, BlockId, Callee, CompareOp, Cond, Function, IntType, Linkage, Local, LocalId, Operand, Place,
    Proj, Rvalue, Stmt, StmtKind, TableEntry, Terminator, Type, UnaryOp, Unit,
};

/// Reads what [`super::print`] printed, or what a person wrote. All heads (`unit`, `file`...) may be left out.
pub fn parse(text: &str) -> Result<Unit, ParseError> {
    let mut parser = Parser::new(text)?;
    let mut unit = Unit::default();
    while !parser.is_at_end() {
        parser.item(&mut unit)?;
    }
    Ok(unit)
}

/// Units and functions.
impl Parser {
    fn item(&mut self, unit: &mut Unit) -> Parsed<()> {
        if self.accept_word("unit") {
            unit.file = self.quoted()?;
        } else if self.accept_word("file") {
            if self.unsigned()? != unit.files.len() as u64 {
                self.back();
                return self.error(format!("files are numbered in order; this is number {}", unit.files.len()));
            }
            unit.files.push(self.quoted()?);
        } else if self.accept_word("private") {
            self.expect_word("struct")?;
            unit.private_structs.push(self.name()?);
        } else if self.accept_word("constant") {
            let name = self.name()?;
            self.expect("=")?;
            unit.constants.push((name, self.constant()?));
        } else if self.accept_word("table") {
            unit.tables.push(self.table()?);
        } else {
            unit.functions.push(self.function()?);
        }
        self.line_end()
    }

    fn table(&mut self) -> Parsed<TableEntry> {
        let strukt = self.name()?;
        self.expect("::")?;
        let field = self.name()?;
        self.expect("=")?;
        let function = self.name()?;
        self.expect_word("in")?;
        let variable = self.name()?;
        Ok(TableEntry { strukt, field, function, variable, pos: self.position()? })
    }

    fn function(&mut self) -> Parsed<Function> {
        let linkage = match self.peek() {
            Token::Word(word) if word == "static" => Linkage::Static,
            Token::Word(word) if word == "header" => Linkage::Header,
            _ => Linkage::External,
        };
        if linkage != Linkage::External {
            self.next();
        }
        if !self.accept_word("fn") {
            return self.error("`unit`, `file`, `private struct`, `constant`, `table` or a function is expected here");
        }
        let name = self.name()?;
        self.locals.clear();
        self.expect("(")?;
        if !self.accept(")") {
            self.list(Parser::declaration)?;
            self.expect(")")?;
        }
        let params = self.locals.len() as u32;
        self.expect("->")?;
        let ret = self.ty()?;
        let pos = self.position()?;
        self.expect("{")?;
        self.line_end()?;
        while self.accept_word("let") {
            self.declaration()?;
            self.line_end()?;
        }
        let mut blocks = Vec::new();
        while !self.accept("}") {
            blocks.push(self.block(blocks.len())?);
        }
        Ok(Function { name, linkage, pos, params, locals: std::mem::take(&mut self.locals), ret, blocks })
    }

    /// `name: type`, `name$3: type`, `$3: type`; the number is that of the declaration.
    fn declaration(&mut self) -> Parsed<()> {
        let name = match self.peek().clone() {
            Token::Local(_, number) if number as usize != self.locals.len() => {
                return self.error(format!("locals are numbered in order; this is number {}", self.locals.len()));
            }
            Token::Local(name, _) => {
                self.next();
                name
            }
            _ => self.name()?,
        };
        self.expect(":")?;
        let ty = self.ty()?;
        self.locals.push(Local { name, ty });
        Ok(())
    }

    fn block(&mut self, number: usize) -> Parsed<BasicBlock> {
        if self.block_id()?.0 as usize != number {
            self.back();
            return self.error(format!("blocks are numbered in order; this is b{number}"));
        }
        self.expect(":")?;
        self.line_end()?;
        let mut stmts = Vec::new();
        loop {
            if let Some(terminator) = self.terminator()? {
                self.line_end()?;
                return Ok(BasicBlock { stmts, terminator });
            }
            let kind = self.statement()?;
            stmts.push(Stmt { kind, pos: self.position()? });
            self.line_end()?;
        }
    }

    fn block_id(&mut self) -> Parsed<BlockId> {
        if let Token::Word(word) = self.peek()
            && let Some(Ok(number)) = word.strip_prefix('b').map(str::parse)
        {
            self.next();
            return Ok(BlockId(number));
        }
        self.error("a block (b0, b1, ...) is expected here")
    }
}

/// Statements.
impl Parser {
    /// None where the line is a statement.
    fn terminator(&mut self) -> Parsed<Option<Terminator>> {
        let terminator = if self.accept_word("goto") {
            Terminator::Goto(self.block_id()?)
        } else if self.accept_word("unreachable") {
            Terminator::Unreachable
        } else if self.accept_word("return") {
            let value = match self.peek() {
                Token::LineEnd | Token::Position(_) => None,
                _ => Some(self.operand()?),
            };
            Terminator::Return { value, pos: self.position()? }
        } else if self.accept_word("if") {
            let cond = self.cond()?;
            self.expect_word("goto")?;
            let yes = self.block_id()?;
            self.expect_word("else")?;
            let no = self.block_id()?;
            Terminator::Branch { cond, yes, no, pos: self.position()? }
        } else if self.accept_word("switch") {
            self.switch()?
        } else {
            return Ok(None);
        };
        Ok(Some(terminator))
    }

    fn switch(&mut self) -> Parsed<Terminator> {
        let value = self.operand()?;
        self.expect("{")?;
        let mut cases = Vec::new();
        while !self.accept_word("else") {
            let lo = self.constant()?;
            let hi = if self.accept("..") { self.constant()? } else { lo };
            self.expect(":")?;
            cases.push((lo, hi, self.block_id()?));
            self.expect(",")?;
        }
        self.expect(":")?;
        let default = self.block_id()?;
        self.expect("}")?;
        Ok(Terminator::Switch { value, cases, default, pos: self.position()? })
    }

    fn statement(&mut self) -> Parsed<StmtKind> {
        if self.accept_word("forget") {
            return Ok(StmtKind::Forget(self.place()?));
        }
        if self.is_word("call") {
            return self.call(None);
        }
        if self.accept_word("opaque") {
            let reason = self.quoted()?;
            let reads = if self.accept_word("reads") { self.list(Parser::operand)? } else { Vec::new() };
            let writes = if self.accept_word("writes") { self.list(Parser::place)? } else { Vec::new() };
            return Ok(StmtKind::Opaque { reason, reads, writes });
        }
        let dst = self.place()?;
        self.expect("=")?;
        if self.is_word("call") {
            return self.call(Some(dst));
        }
        Ok(StmtKind::Assign { dst, src: self.rvalue()? })
    }

    fn call(&mut self, dst: Option<Place>) -> Parsed<StmtKind> {
        self.expect_word("call")?;
        let callee = if self.accept("*") {
            let pointer = self.operand()?;
            if self.accept_word("as") {
                let strukt = self.name()?;
                self.expect("::")?;
                Callee::Field { strukt, field: self.name()?, pointer }
            } else {
                Callee::Pointer(pointer)
            }
        } else {
            Callee::Direct(self.name()?)
        };
        self.expect("(")?;
        let mut args = Vec::new();
        if !self.accept(")") {
            args = self.list(Parser::operand)?;
            self.expect(")")?;
        }
        Ok(StmtKind::Call { dst, callee, args })
    }

    fn rvalue(&mut self) -> Parsed<Rvalue> {
        if self.accept_word("opaque") {
            return Ok(Rvalue::Opaque(self.quoted()?));
        }
        if self.accept_word("if") {
            let cond = self.cond()?;
            self.expect_word("then")?;
            let yes = self.operand()?;
            self.expect_word("else")?;
            return Ok(Rvalue::Select { cond, yes, no: self.operand()? });
        }
        if self.accept_word("container_of") {
            return self.container_of();
        }
        if self.accept("&") {
            return Ok(Rvalue::AddrOf(self.place()?));
        }
        for (sign, op) in [("-", UnaryOp::Neg), ("~", UnaryOp::Not)] {
            if matches!((self.peek(), self.peek_at(1)), (Token::Sign(first), Token::Sign("(")) if *first == sign) {
                self.next();
                self.next();
                let operand = self.operand()?;
                self.expect(")")?;
                return Ok(Rvalue::Unary(op, operand));
            }
        }
        self.operation()
    }

    /// What begins with an operand.
    fn operation(&mut self) -> Parsed<Rvalue> {
        let lhs = self.operand()?;
        if self.accept(":") {
            let from = self.ty()?;
            self.expect_word("as")?;
            return Ok(Rvalue::Cast { value: lhs, from, to: self.ty()? });
        }
        if let Some(op) = self.compare_op() {
            return Ok(Rvalue::Compare(self.rest_of_cond(op, lhs)?));
        }
        let Some(op) = self.binary_op() else { return Ok(Rvalue::Use(lhs)) };
        let rhs = self.operand()?;
        self.expect(":")?;
        Ok(Rvalue::Binary { op, lhs, rhs, ty: self.ty()? })
    }

    fn container_of(&mut self) -> Parsed<Rvalue> {
        self.expect("(")?;
        let ptr = self.operand()?;
        self.expect(",")?;
        let strukt = self.name()?;
        self.expect(",")?;
        let mut field = Vec::new();
        while !self.accept(")") {
            if !field.is_empty() {
                self.expect(".")?;
            }
            field.push(self.name()?);
        }
        Ok(Rvalue::ContainerOf { ptr, strukt, field })
    }

    fn cond(&mut self) -> Parsed<Cond> {
        let lhs = self.operand()?;
        match self.compare_op() {
            Some(op) => self.rest_of_cond(op, lhs),
            None => self.error("a comparison (== != < <= > >=) is expected here"),
        }
    }

    fn rest_of_cond(&mut self, op: CompareOp, lhs: Operand) -> Parsed<Cond> {
        let rhs = self.operand()?;
        self.expect(":")?;
        match self.ty()? {
            Type::Int(ty) => Ok(Cond { op, lhs, rhs, ty }),
            _ => {
                self.back();
                self.error("a comparison is of integers: i32, u64, ...")
            }
        }
    }

    fn compare_op(&mut self) -> Option<CompareOp> {
        let op = match self.peek() {
            Token::Sign("==") => CompareOp::Eq,
            Token::Sign("!=") => CompareOp::Ne,
            Token::Sign("<") => CompareOp::Lt,
            Token::Sign("<=") => CompareOp::Le,
            Token::Sign(">") => CompareOp::Gt,
            Token::Sign(">=") => CompareOp::Ge,
            _ => return None,
        };
        self.next();
        Some(op)
    }

    fn binary_op(&mut self) -> Option<BinaryOp> {
        let Token::Sign(sign) = *self.peek() else { return None };
        let op = match sign {
            "+" => BinaryOp::Add,
            "-" => BinaryOp::Sub,
            "*" => BinaryOp::Mul,
            "/" => BinaryOp::Div,
            "%" => BinaryOp::Rem,
            "&" => BinaryOp::And,
            "|" => BinaryOp::Or,
            "^" => BinaryOp::Xor,
            "<<" => BinaryOp::Shl,
            ">>" => BinaryOp::Shr,
            "+ptr" => BinaryOp::PtrAdd,
            "-ptr" => BinaryOp::PtrDiff,
            _ => return None,
        };
        self.next();
        Some(op)
    }
}

/// Operands, places and types.
impl Parser {
    fn operand(&mut self) -> Parsed<Operand> {
        match self.peek().clone() {
            Token::Number(_) | Token::Sign("-") => Ok(Operand::Const(self.constant()?)),
            Token::Quoted(text) => {
                self.next();
                Ok(Operand::Str(text))
            }
            _ if self.accept_word("fn") => Ok(Operand::Function(self.name()?)),
            _ => Ok(Operand::Place(self.place()?)),
        }
    }

    /// Stars bind weaker than what follows the name, as in C.
    fn place(&mut self) -> Parsed<Place> {
        let mut n_stars = 0;
        while self.accept("*") {
            n_stars += 1;
        }
        let mut place = if self.accept("(") {
            let inner = self.deeper(Parser::place)?;
            self.expect(")")?;
            inner
        } else {
            Place { base: self.base()?, proj: Vec::new() }
        };
        loop {
            if self.accept("->") {
                place.proj.push(Proj::Deref);
                self.field(&mut place)?;
            } else if self.accept("[") {
                place.proj.push(Proj::Deref);
                self.index(&mut place)?;
            } else if self.accept(".") {
                if self.accept("[") { self.index(&mut place)? } else { self.field(&mut place)? }
            } else {
                place.proj.extend((0..n_stars).map(|_| Proj::Deref));
                return Ok(place);
            }
        }
    }

    fn index(&mut self, place: &mut Place) -> Parsed<()> {
        let operand = self.deeper(Parser::operand)?;
        place.proj.push(Proj::Index(operand));
        self.expect("]")
    }

    fn field(&mut self, place: &mut Place) -> Parsed<()> {
        let first = self.name()?;
        let (strukt, field) = if self.accept("::") {
            (first, self.name()?)
        } else {
            let local = match place.base {
                Base::Local(LocalId(id)) => self.locals.get(id as usize),
                Base::Global(_) => None,
            };
            match struct_at(local, &place.proj) {
                Some(strukt) => (strukt.to_string(), first),
                None => {
                    self.back();
                    return self
                        .error(format!("the structure that has this field is not known here: write struct_name::{first}"));
                }
            }
        };
        place.proj.push(Proj::Field { strukt, field });
        Ok(())
    }

    fn base(&mut self) -> Parsed<Base> {
        if self.accept("@") {
            return Ok(Base::Global(self.name()?));
        }
        let found = match self.peek() {
            Token::Local(name, number) => {
                let index = *number as usize;
                self.locals.get(index).filter(|local| local.name == *name).map(|_| index)
            }
            Token::Word(name) => match self.locals.iter().position(|local| local.name == *name) {
                Some(index) if !has_own_name(&self.locals, index) => {
                    return self.error(format!(
                        "this name alone does not tell which local is meant: write {name}${index} or another number"
                    ));
                }
                found => found,
            },
            _ => return self.error("a value or a place is expected here"),
        };
        match found {
            Some(index) => {
                self.next();
                Ok(Base::Local(LocalId(index as u32)))
            }
            None => self.error("no local is declared so (a global is written @name)"),
        }
    }

    fn ty(&mut self) -> Parsed<Type> {
        self.deeper(Parser::any_type)
    }

    fn any_type(&mut self) -> Parsed<Type> {
        if self.accept("*") {
            return Ok(Type::Pointer(Box::new(self.ty()?)));
        }
        if self.accept("[") {
            let element = Box::new(self.ty()?);
            let length = if self.accept(";") { Some(self.unsigned()?) } else { None };
            self.expect("]")?;
            return Ok(Type::Array(element, length));
        }
        if self.accept_word("struct") {
            return Ok(Type::Struct(self.name()?));
        }
        let simple = match self.peek() {
            Token::Word(word) => simple_type(word),
            _ => None,
        };
        match simple {
            Some(ty) => {
                self.next();
                Ok(ty)
            }
            None => self.error("a type is expected here: i32, u64, *T, struct name, [T; n], [T], void, function, other"),
        }
    }
}

fn simple_type(word: &str) -> Option<Type> {
    match word {
        "void" => return Some(Type::Void),
        "function" => return Some(Type::Function),
        "other" => return Some(Type::Other),
        _ => {}
    }
    let (signed, bits) = match word.strip_prefix('i') {
        Some(bits) => (true, bits),
        None => (false, word.strip_prefix('u')?),
    };
    Some(Type::Int(IntType { bits: bits.parse().ok()?, signed }))
}
